"""Every gate has words, and the words hold the decision's numbers."""

from hypothesis import given

from copilot.explain.guides import GUIDES
from copilot.explain.templates import explain
from copilot.health.decision import GateName, Memory, Severity, State
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Absence, QueueSurvey, Snapshot
from tests.copilot.health.snapshots import Scene, memories, queue, snapshots

LIMITS = Thresholds()


def test_every_gate_has_a_guide() -> None:
    assert set(GUIDES) == set(GateName)
    for guide in GUIDES.values():
        assert guide.likely_causes
        assert guide.next_checks


@given(memories, snapshots)
def test_every_decision_is_explained_and_only_by_its_own_gates(
    memory: Memory, snapshot: Snapshot
) -> None:
    decision = evaluate(memory, snapshot, LIMITS)
    explanation = explain(decision, snapshot)
    assert explanation.summary.startswith(("No verdict on monitored", "monitored is "))
    assert {issue.gate for issue in explanation.issues} >= {gate.name for gate in decision.fired}
    if decision.state is State.HAPPY:
        assert explanation.issues == ()
    if decision.state is State.UNKNOWN:
        assert explanation.issues
    fingerprints = [issue.fingerprint for issue in explanation.issues]
    assert len(fingerprints) == len(set(fingerprints))


def test_an_issue_names_queue_numbers_limit_and_what_to_do() -> None:
    starved = queue("order-fulfilment", backlog=1270, age=171, added=7.25, dispatched=0, pollers=0)
    snapshot = Scene(queues=QueueSurvey(queues=(starved,))).build()
    decision = evaluate(Memory(), snapshot, LIMITS)
    (issue,) = explain(decision, snapshot).issues
    assert issue.title == ("Nobody works on the task queue default/order-fulfilment (workflow)")
    for evidence in ("171 s", "above 10 s", "backlog 1270", "7.25/s added", "0 pollers"):
        assert evidence in issue.description
    assert issue.likely_causes
    assert issue.next_checks
    assert "users' workers limit it, not the server" in explain(decision, snapshot).summary


def test_two_limits_of_one_signal_make_one_issue_with_the_higher_severity() -> None:
    scene = Scene()
    scene.values[SignalName.PERSISTENCE_ERROR_RATE] = 300
    snapshot = scene.build()
    issues = explain(evaluate(Memory(), snapshot, LIMITS), snapshot).issues
    assert [(issue.gate, issue.severity) for issue in issues] == [
        (GateName.PERSISTENCE_ERRORS, Severity.CRITICAL)
    ]


def test_a_queue_name_is_never_read_as_a_template() -> None:
    hostile = queue("{0.__class__}{subject!r}", backlog=5, age=60, dispatched=0, pollers=0)
    snapshot = Scene(queues=QueueSurvey(queues=(hostile,))).build()
    (issue,) = explain(evaluate(Memory(), snapshot, LIMITS), snapshot).issues
    assert "{0.__class__}{subject!r}" in issue.title


def test_an_unknown_says_what_cannot_be_seen_and_why() -> None:
    snapshot = Scene(source_absence=Absence.REFUSED).build()
    explanation = explain(evaluate(Memory(), snapshot, LIMITS), snapshot)
    assert "cannot see metrics store" in explanation.summary
    assert "the connection was refused" in explanation.summary
