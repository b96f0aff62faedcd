"""The style that a cluster's names are in."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from copilot.signals.instant_query import Sample
from copilot.signals.naming import find_naming
from copilot.signals.style import OPENTELEMETRY, Style, Unit

REQUESTS, LATENCY = "persistence_requests", "persistence_latency"
SECONDS = ("0.001", "0.05")
MILLISECONDS = ("10000.0", "1e+06")


def samples(names: Iterable[str], bounds: Iterable[str] = ()) -> list[Sample]:
    return [
        *(Sample({"__name__": name}, 4) for name in names),
        *(Sample({"__name__": f"{LATENCY}_bucket", "le": bound}, 4) for bound in bounds),
    ]


@pytest.mark.parametrize(
    ("names", "bounds", "style"),
    [
        ((f"{REQUESTS}_total", f"{LATENCY}_milliseconds_count"), (), OPENTELEMETRY),
        (
            # A newer exporter; the server records seconds.
            (f"{REQUESTS}_total", f"{LATENCY}_seconds_count", "state_transition_count_count"),
            (),
            Style(counter="_total", timer="_seconds", dimensionless="", unit=Unit.SECONDS),
        ),
        (
            (f"{REQUESTS}_total", f"{LATENCY}_count", "state_transition_count_count"),
            MILLISECONDS,
            Style(counter="_total", timer="", dimensionless="", unit=Unit.MILLISECONDS),
        ),
        (
            (REQUESTS, f"{LATENCY}_milliseconds_count", "state_transition_count_ratio_count"),
            (),
            Style(
                counter="", timer="_milliseconds", dimensionless="_ratio", unit=Unit.MILLISECONDS
            ),
        ),
        (
            (REQUESTS, f"{LATENCY}_count"),
            SECONDS,
            Style(counter="", timer="", dimensionless="", unit=Unit.SECONDS, rewrites_values=True),
        ),
        (
            (f"temporal_{REQUESTS}_total", f"temporal_{LATENCY}_milliseconds_count"),
            (),
            Style(
                prefix="temporal_",
                counter="_total",
                timer="_milliseconds",
                dimensionless="_ratio",
                unit=Unit.MILLISECONDS,
            ),
        ),
        (
            (f"{REQUESTS}_total", f"{LATENCY}_milliseconds", "state_transition_count_ratio"),
            (),
            Style(
                counter="_total",
                timer="_milliseconds",
                dimensionless="_ratio",
                unit=Unit.MILLISECONDS,
                native=True,
            ),
        ),
        (
            (REQUESTS, LATENCY, "state_transition_count", "tally_internal_counter_cardinality"),
            (),
            Style(
                counter="",
                timer="",
                dimensionless="",
                unit=Unit.SECONDS,
                native=True,
                rewrites_values=True,
            ),
        ),
    ],
)
def test_a_style_is_found_from_names_and_buckets(
    names: tuple[str, ...], bounds: tuple[str, ...], style: Style
) -> None:
    found = find_naming(samples(names, bounds))
    assert (found.style, found.problem) == (style, "")


@pytest.mark.parametrize(
    ("names", "bounds"),
    [
        # Two of anything.
        ((REQUESTS, f"{REQUESTS}_total", f"{LATENCY}_milliseconds_count"), ()),
        ((f"{REQUESTS}_total", f"{LATENCY}_milliseconds_count", f"{LATENCY}_count"), SECONDS),
        ((f"a_{REQUESTS}_total", f"b_{LATENCY}_milliseconds_count"), ()),
        (
            (
                f"{REQUESTS}_total",
                f"{LATENCY}_milliseconds_count",
                "state_transition_count_count",
                "state_transition_count_ratio_count",
            ),
            (),
        ),
        # Half of them.
        ((f"{REQUESTS}_total",), ()),
        ((f"{LATENCY}_milliseconds_count",), ()),
        # Nothing tells the unit, or buckets tell both.
        ((REQUESTS, f"{LATENCY}_count"), ()),
        ((REQUESTS, f"{LATENCY}_count"), (*SECONDS, *MILLISECONDS)),
        ((REQUESTS, LATENCY), ()),
    ],
)
def test_a_mixture_or_a_part_is_no_style_and_says_why(
    names: tuple[str, ...], bounds: tuple[str, ...]
) -> None:
    found = find_naming(samples(names, bounds))
    assert found.style is None
    assert found.problem
    assert set(found.names) >= set(names)


def test_a_namespace_that_made_way_for_a_pods_is_found() -> None:
    found = find_naming(
        [
            *samples((f"{REQUESTS}_total", f"{LATENCY}_milliseconds_count")),
            Sample({"__name__": f"{REQUESTS}_total", "exported": "yes"}, 4),
        ]
    )
    assert found.style == replace(OPENTELEMETRY, exported_namespace=True)


def test_without_names_nothing_is_known() -> None:
    found = find_naming([])
    assert (found.names, found.style, found.problem) == ((), None, "")
