"""The query of a decision, and its text."""

from copilot.health.decision import (
    Bottleneck,
    CauseKind,
    LogPattern,
    RuleName,
)
from copilot.knowledge.query import MAX_CHARACTERS, Query
from copilot.signals.log_patterns import LogSeverity
from copilot.signals.signal_names import SignalName
from tests.builders import decisions_of, snapshot


def test_a_query_has_what_fired_and_nothing_else() -> None:
    slow = {SignalName.PERSISTENCE_LATENCY_P95: 5000}
    (decision,) = decisions_of([snapshot(changes=slow, down=("history", "matching"))])
    assert len(decision.fired) > 2
    refused = LogPattern(
        name="connection_refused",
        service="history",
        severity=LogSeverity.CRITICAL,
        count=3,
        meaning="Nobody listens.",
    )
    changes = {
        "bottleneck": Bottleneck.SERVER,
        "log_patterns": (refused, refused.model_copy(update={"service": "frontend"})),
    }
    query = Query.of(decision.model_copy(update=changes))
    assert query.rules == (RuleName.SERVICE_DOWN, RuleName.PERSISTENCE_LATENCY)
    assert query.causes == (CauseKind.SERVICE, CauseKind.PERSISTENCE)
    assert query.bottleneck is Bottleneck.SERVER
    assert query.log_patterns == ("connection_refused",)
    words = query.text
    assert words.startswith("A Temporal service is down. Persistence is slow. connection refused.")
    assert "the server is the bottleneck" in words


def test_the_query_of_a_healthy_cluster_is_empty() -> None:
    query = Query.of(*decisions_of([snapshot()]))
    assert query == Query()
    assert query.text == ""


def test_other_words_come_before_what_may_be_cut() -> None:
    query = Query(
        rules=(RuleName.VIEW,), words="since the upgrade", log_patterns=("endless " * 500,)
    )
    words = query.text
    assert len(words) == MAX_CHARACTERS
    assert words.startswith("The cluster cannot be seen. since the upgrade. endless")
