"""Local ranking finds the document on what fired, and never blames a gate that passed."""

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import Bottleneck, CauseKind, GateName
from copilot.knowledge.corpus import document_name, documents
from copilot.knowledge.local import MIN_SCORE, Local, ranked
from copilot.knowledge.passage import MAX_CHARACTERS, Source
from copilot.knowledge.retriever import MAX_PASSAGES, Query

QUERIES = st.builds(
    Query,
    gates=st.lists(st.sampled_from(GateName), max_size=6).map(tuple),
    causes=st.lists(st.sampled_from(CauseKind), max_size=6).map(tuple),
    bottleneck=st.sampled_from(Bottleneck),
    log_patterns=st.lists(st.text(max_size=30), max_size=6).map(tuple),
    words=st.text(max_size=500) | st.sampled_from([d.text[:500] for d in documents().values()]),
)
DOCUMENTS_OF_GATES = {document_name(gate): gate for gate in GateName}


@pytest.mark.parametrize("gate", GateName)
def test_a_fired_gate_finds_its_own_document_first(gate: GateName) -> None:
    first, *_ = ranked(Query(gates=(gate,)))
    assert first.document == document_name(gate)
    assert first.uri == f"/knowledge/{document_name(gate)}"
    assert first.source is Source.CORPUS


@pytest.mark.parametrize("gate", GateName)
def test_a_gate_is_found_by_its_title_alone(gate: GateName) -> None:
    """Words decide where no gate does: the ranking is more than the preference for a gate."""
    first, *_ = ranked(Query(words=documents()[document_name(gate)].title))
    assert first.document == document_name(gate)


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
    assert document in {passage.document for passage in ranked(Query(words=words))[:2]}


@given(st.sets(st.sampled_from(GateName), min_size=1, max_size=MAX_PASSAGES))
def test_each_of_several_gates_has_a_place(gates: set[GateName]) -> None:
    """A database that is down fires many gates: none of them is left without its document."""
    found = {passage.document for passage in ranked(Query(gates=tuple(gates)))}
    assert found >= {document_name(gate) for gate in gates}


def test_a_bottleneck_and_a_log_pattern_bring_their_guides() -> None:
    starved = Query(gates=(GateName.STARVED_QUEUE,), bottleneck=Bottleneck.WORKER)
    assert "worker-capacity" in {passage.document for passage in ranked(starved)}
    conflicts = Query(gates=(GateName.PERSISTENCE_ERRORS,), log_patterns=("write_conflict",))
    assert {"aurora-dsql", "log-patterns"} <= {passage.document for passage in ranked(conflicts)}


@given(QUERIES)
def test_any_query_has_a_small_and_ordered_answer(query: Query) -> None:
    passages = ranked(query)
    assert passages == ranked(query)
    assert len(passages) <= MAX_PASSAGES
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    for passage in passages:
        assert 0 < len(passage.text) <= MAX_CHARACTERS
        assert passage.text in documents()[passage.document].text
        assert passage.heading != "Sources"
        assert passage.score >= MIN_SCORE
        # A document on a gate that passed would blame what is well.
        gate = DOCUMENTS_OF_GATES.get(passage.document)
        assert not query.gates or gate is None or gate in query.gates


async def test_what_nothing_is_known_of_has_no_passage() -> None:
    for query in (Query(), Query(words="the and of to"), Query(words="Käse zum Frühstück")):
        found = await Local().passages(query)
        assert (found.passages, found.note) == ((), "")


async def test_questions_at_once_have_one_answer() -> None:
    query = Query(gates=(GateName.STARVED_QUEUE,))
    answers = await asyncio.gather(*(Local().passages(query) for _ in range(8)))
    assert {answer.passages for answer in answers} == {ranked(query)}


def test_ranking_is_silent_and_paid_for_only_when_asked() -> None:
    """Its library logs at DEBUG and shows progress, if it is let; and it imports numpy."""
    program = (
        "import logging, sys; logging.basicConfig(level=logging.INFO)\n"
        "import copilot.knowledge.source\n"
        "assert 'numpy' not in sys.modules\n"
        "from copilot.knowledge.local import ranked\n"
        "from copilot.knowledge.retriever import Query\n"
        "assert ranked(Query(words='pollers of a task queue'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
