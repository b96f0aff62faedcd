"""Logs explain a verdict; but for a few patterns that support a rule, they never make one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import LogPattern, Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.log_patterns import PATTERNS, LogSeverity
from copilot.signals.reading import Absence
from copilot.signals.snapshot import LogCount, LogSurvey, Snapshot
from tests.builders import START, decisions_of, log_survey, snapshot
from tests.strategies import memories, snapshots

LIMITS = Thresholds()
NAMES = tuple(pattern.name for pattern in PATTERNS)
# The server says these in no metric. Their rules are tried in test_server_parts.py.
SUPPORT_A_RULE = {
    "database_connection_rate_limited",
    "database_connections_exhausted",
    "database_full",
    "database_read_only",
    "persistence_conflict",
    "workflow_ended_for_size",
}
EXPLAIN = [name for name in NAMES if name not in SUPPORT_A_RULE]
counts = st.builds(
    LogCount,
    pattern=st.sampled_from([*EXPLAIN, "of_another_version"]),
    service=st.sampled_from(["frontend", "history"]),
    count=st.integers(1, 10**9),
)
surveys = st.builds(
    LogSurvey,
    start=st.just(START - timedelta(seconds=35)),
    end=st.just(START - timedelta(seconds=5)),
    counts=st.lists(counts, max_size=20).map(tuple),
    unanswered=st.lists(st.sampled_from(NAMES), unique=True).map(tuple),
    absence=st.none() | st.sampled_from(Absence),
    detail=st.text(max_size=20),
)


def missing(logs: LogSurvey | None) -> str:
    return decisions_of([snapshot(logs=logs)])[0].logs_missing


@given(memories, snapshots, surveys | st.none())
def test_logs_change_no_state_no_rule_and_no_cause(
    memory: Memory, observed: Snapshot, logs: LogSurvey | None
) -> None:
    without = evaluate(memory, observed, LIMITS)
    decision = evaluate(memory, observed.model_copy(update={"logs": logs}), LIMITS)
    assert (decision.state, decision.causes, decision.fired, decision.memory) == (
        without.state,
        without.causes,
        without.fired,
        without.memory,
    )


def test_patterns_come_with_severity_and_meaning_the_critical_ones_first() -> None:
    logs = log_survey(
        START,
        LogCount(pattern="shard_acquired", service="history", count=900),
        LogCount(pattern="connection_refused", service="frontend", count=2),
        LogCount(pattern="connection_refused", service="history", count=7),
        LogCount(pattern="deadline_exceeded", service="history", count=5),
        LogCount(pattern="of_another_version", service="history", count=5),
    )
    (decision,) = decisions_of([snapshot(logs=logs)])
    assert decision.log_patterns[0] == LogPattern(
        name="connection_refused",
        service="history",
        severity=LogSeverity.CRITICAL,
        count=7,
        meaning="Nothing listens where the service expects another service or its database.",
    )
    assert [(one.name, one.service) for one in decision.log_patterns[1:]] == [
        ("connection_refused", "frontend"),
        ("deadline_exceeded", "history"),
        ("shard_acquired", "history"),
    ]
    assert decision.logs_missing == ""


def test_missing_logs_are_a_sentence() -> None:
    assert missing(None) == "No logs were read, because LOKI_URL is not set."
    refused = log_survey(
        START, absence=Absence.REFUSED, detail="Loki http://loki:3100 refused the connection"
    )
    assert missing(refused) == "No logs were read: Loki http://loki:3100 refused the connection."
    assert missing(log_survey(START, absence=Absence.TIMED_OUT)) == "No logs were read: timed_out."
    assert missing(log_survey(START)) == ""


def test_patterns_without_an_answer_are_named_in_short() -> None:
    one = missing(log_survey(START, unanswered=NAMES[:1], detail="Loki answered HTTP 500"))
    assert one == f"Not all log patterns were counted ({NAMES[0]}): Loki answered HTTP 500."
    many = missing(log_survey(START, unanswered=NAMES[:8], detail="Loki answered HTTP 500"))
    assert f"{NAMES[4]} and 3 more)" in many
    assert NAMES[5] not in many
