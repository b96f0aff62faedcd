"""What a decision makes one ask, and in which words."""

from copilot.health.decision import (
    Bottleneck,
    CauseKind,
    GateName,
    LogPattern,
    Memory,
)
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.knowledge.retriever import Query
from copilot.knowledge.wording import MAX_CHARACTERS, wording
from copilot.signals.log_patterns import LogSeverity
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Reading
from tests.copilot.health.snapshots import Scene


def test_a_decision_asks_for_what_fired_and_nothing_else() -> None:
    scene = Scene()
    scene.up["history"] = scene.up["matching"] = Reading.of(0)
    scene.values[SignalName.PERSISTENCE_LATENCY_P95] = 5000
    decision = evaluate(Memory(), scene.build(), Thresholds())
    assert len(decision.fired) > 2
    refused = LogPattern(
        name="connection_refused",
        service="history",
        severity=LogSeverity.CRITICAL,
        count=3,
        meaning="Nobody listens.",
    )
    seen = {
        "bottleneck": Bottleneck.SERVER,
        "log_patterns": (refused, refused.model_copy(update={"service": "frontend"})),
    }
    query = Query.of(decision.model_copy(update=seen))
    assert query.gates == (GateName.SERVICE_DOWN, GateName.PERSISTENCE_LATENCY)
    assert query.causes == (CauseKind.SERVICE, CauseKind.PERSISTENCE)
    assert query.bottleneck is Bottleneck.SERVER
    assert query.log_patterns == ("connection_refused",)
    words = wording(query)
    assert words.startswith("A Temporal service is down. Persistence is slow. connection refused.")
    assert "the server is the bottleneck" in words


def test_a_healthy_cluster_asks_nothing() -> None:
    query = Query.of(evaluate(Memory(), Scene().build(), Thresholds()))
    assert query == Query()
    assert wording(query) == ""


def test_words_come_before_what_may_be_cut() -> None:
    query = Query(
        gates=(GateName.VIEW,), words="since the upgrade", log_patterns=("endless " * 500,)
    )
    words = wording(query)
    assert len(words) == MAX_CHARACTERS
    assert words.startswith("The cluster cannot be seen. since the upgrade. endless")
