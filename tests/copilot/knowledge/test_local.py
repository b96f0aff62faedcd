"""Local ranking finds the documents on fired rules, and none on a rule that passed."""

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import Bottleneck, CauseKind, RuleName
from copilot.knowledge.corpus import document_name, documents
from copilot.knowledge.local import MIN_SCORE, LocalRetriever, rank
from copilot.knowledge.passage import MAX_CHARACTERS, MAX_PASSAGES, Source
from copilot.knowledge.query import Query

QUERIES = st.builds(
    Query,
    rules=st.lists(st.sampled_from(RuleName), max_size=6).map(tuple),
    causes=st.lists(st.sampled_from(CauseKind), max_size=6).map(tuple),
    bottleneck=st.sampled_from(Bottleneck),
    log_patterns=st.lists(st.text(max_size=30), max_size=6).map(tuple),
    words=st.text(max_size=500) | st.sampled_from([d.text[:500] for d in documents().values()]),
)
DOCUMENTS_OF_RULES = {document_name(rule): rule for rule in RuleName}


@pytest.mark.parametrize("rule", RuleName)
def test_a_fired_rule_finds_its_own_document_first(rule: RuleName) -> None:
    first, *_ = rank(Query(rules=(rule,)))
    assert first.document == document_name(rule)
    assert first.uri == f"/knowledge/{document_name(rule)}"
    assert first.source is Source.CORPUS


@pytest.mark.parametrize("rule", RuleName)
def test_a_document_is_found_by_its_title_alone(rule: RuleName) -> None:
    """The ranking is more than a preference for fired rules."""
    first, *_ = rank(Query(words=documents()[document_name(rule)].title))
    assert first.document == document_name(rule)


@pytest.mark.parametrize(
    ("words", "document"),
    [
        ("nobody polls this queue any more", "starved-queue"),
        ("kill -9 of a process, out of memory", "service-down"),
        ("the history lag falls by itself after a burst of starts", "history-lag"),
        ("workers without a free slot", "worker-capacity"),
        ("OC000 SQLSTATE 40001", "aurora-dsql"),
        ("stickyness and the number of partitions", "task-queue-partitions"),
        ("what does deadline_exceeded mean", "log-patterns"),
        ("why is a missing value not zero", "reading-the-evidence"),
    ],
)
def test_free_words_find_what_they_are_about(words: str, document: str) -> None:
    assert document in {passage.document for passage in rank(Query(words=words))[:2]}


@given(st.sets(st.sampled_from(RuleName), min_size=1, max_size=MAX_PASSAGES))
def test_each_of_several_rules_has_a_place(rules: set[RuleName]) -> None:
    """A database that is down fires many rules; each needs its document."""
    found = {passage.document for passage in rank(Query(rules=tuple(rules)))}
    assert found >= {document_name(rule) for rule in rules}


def test_a_bottleneck_and_a_log_pattern_bring_their_guides() -> None:
    starved = Query(rules=(RuleName.STARVED_QUEUE,), bottleneck=Bottleneck.WORKER)
    assert "worker-capacity" in {passage.document for passage in rank(starved)}
    conflicts = Query(rules=(RuleName.PERSISTENCE_ERRORS,), log_patterns=("write_conflict",))
    assert {"aurora-dsql", "log-patterns"} <= {passage.document for passage in rank(conflicts)}


@given(QUERIES)
def test_any_query_gives_few_passages_in_order(query: Query) -> None:
    passages = rank(query)
    assert passages == rank(query)
    assert len(passages) <= MAX_PASSAGES
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    for passage in passages:
        assert 0 < len(passage.text) <= MAX_CHARACTERS
        assert passage.text in documents()[passage.document].text
        assert passage.heading != "Sources"
        assert passage.score >= MIN_SCORE
        # A document on a rule that passed would blame what is healthy.
        rule = DOCUMENTS_OF_RULES.get(passage.document)
        assert not query.rules or rule is None or rule in query.rules


async def test_a_subject_that_is_not_in_the_corpus_has_no_passage() -> None:
    for query in (Query(), Query(words="the and of to"), Query(words="Käse zum Frühstück")):
        found = await LocalRetriever().passages(query)
        assert (found.passages, found.note) == ((), "")


async def test_concurrent_queries_give_the_same_passages() -> None:
    query = Query(rules=(RuleName.STARVED_QUEUE,))
    answers = await asyncio.gather(*(LocalRetriever().passages(query) for _ in range(8)))
    assert {answer.passages for answer in answers} == {rank(query)}


def test_ranking_logs_nothing_and_imports_numpy_only_when_used() -> None:
    """bm25s logs at DEBUG, shows progress and imports numpy."""
    program = (
        "import logging, sys; logging.basicConfig(level=logging.INFO)\n"
        "import copilot.knowledge.retriever\n"
        "assert 'numpy' not in sys.modules\n"
        "from copilot.knowledge.local import rank\n"
        "from copilot.knowledge.query import Query\n"
        "assert rank(Query(words='pollers of a task queue'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
