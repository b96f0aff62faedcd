"""Which cluster of a store a frontend belongs to."""

import pytest

from copilot.discover.frontend import FrontendFacts, ServerFacts, match
from copilot.discover.split import Part, Sureness

FACTS = FrontendFacts("temporal:7233", "active", "1.32.0", 512, ("default",))
NAMELESS = (Part((), (("namespace", ("a",)),)), Part((), (("namespace", ("b",)),)))


def servers(shards: float | None = None, version: str = "1.32.0") -> ServerFacts:
    return ServerFacts(frozenset({version}), shards)


def test_a_label_with_the_name_of_its_cluster_is_sure() -> None:
    parts = (Part((), (("cluster", ("eu",)),)), Part((), (("cluster", ("us",)),)))
    facts = FrontendFacts("temporal:7233", "us", "1.32.0", 4, ())
    found = match(facts, parts, (servers(4), servers(4)))
    assert (found.index, found.sureness) == (1, Sureness.SURE)


@pytest.mark.parametrize(
    ("others", "index"),
    [
        ((servers(4), servers(512)), 1),
        ((servers(512, "1.31.0"), servers(512)), 1),
        # While shards move, some count twice or not at all.
        ((servers(500), servers(4)), 0),
        # One of two instances of history is not scraped.
        ((servers(256), servers(1024)), 0),
        ((servers(512), servers(512)), None),
        ((servers(1024), servers(2048)), None),
    ],
)
def test_versions_and_shards_tell_clusters_apart(
    others: tuple[ServerFacts, ...], index: int | None
) -> None:
    found = match(FACTS, NAMELESS, others)
    assert found.index == index
    assert found.sureness is not Sureness.SURE


@pytest.mark.parametrize(
    ("only", "index", "sureness"),
    [
        (servers(512), 0, Sureness.SURE),
        (servers(256), 0, Sureness.LIKELY),
        (ServerFacts(), 0, Sureness.LIKELY),
        # The metrics of two clusters, which no label tells apart.
        (servers(1024), None, Sureness.GUESS),
        (servers(512, "1.20.0"), None, Sureness.GUESS),
    ],
)
def test_the_only_cluster_may_be_another_one(
    only: ServerFacts, index: int | None, sureness: Sureness
) -> None:
    found = match(FACTS, NAMELESS[:1], (only,))
    assert (found.index, found.sureness) == (index, sureness)
