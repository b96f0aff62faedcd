"""Every rule has a guide, and every explanation the decision's numbers."""

from hypothesis import given

from copilot.explain.explanation import Explanation
from copilot.explain.guides import GUIDES
from copilot.explain.templates import explain
from copilot.health.decision import Memory, RuleName, Severity, State
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.reading import Absence
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import Snapshot
from tests.builders import records_of, snapshot, starved_queue
from tests.strategies import memories, snapshots

LIMITS = Thresholds()


def explained(observed: Snapshot) -> Explanation:
    (record,) = records_of([observed])
    return record.explanation


def test_every_rule_has_a_guide() -> None:
    assert set(GUIDES) == set(RuleName)
    for guide in GUIDES.values():
        assert guide.likely_causes
        assert guide.next_checks


@given(memories, snapshots)
def test_every_decision_is_explained_by_its_own_rules(memory: Memory, observed: Snapshot) -> None:
    decision = evaluate(memory, observed, LIMITS)
    explanation = explain(decision, observed)
    assert explanation.summary.startswith(("No verdict on monitored", "monitored is "))
    assert {issue.gate for issue in explanation.issues} >= {rule.name for rule in decision.fired}
    if decision.state is State.HAPPY:
        assert explanation.issues == ()
    if decision.state is State.UNKNOWN:
        assert explanation.issues
    fingerprints = [issue.fingerprint for issue in explanation.issues]
    assert len(fingerprints) == len(set(fingerprints))


def test_an_issue_names_queue_numbers_limit_and_what_to_do() -> None:
    explanation = explained(snapshot(queues=[starved_queue("order-fulfilment")]))
    (issue,) = explanation.issues
    assert "default/order-fulfilment (workflow)" in issue.title
    for evidence in ("171 s", "above 10 s", "backlog 1270", "7.25/s added", "0 pollers"):
        assert evidence in issue.description
    assert issue.likely_causes
    assert issue.next_checks
    assert "users' workers limit it, not the server" in explanation.summary


def test_two_limits_of_one_signal_make_one_issue_with_the_higher_severity() -> None:
    issues = explained(snapshot(changes={SignalName.PERSISTENCE_ERROR_RATE: 1500})).issues
    assert [(issue.gate, issue.severity) for issue in issues] == [
        (RuleName.PERSISTENCE_ERRORS, Severity.CRITICAL)
    ]


def test_a_queue_name_is_never_a_format_string() -> None:
    hostile = starved_queue("{0.__class__}{subject!r}")
    (issue,) = explained(snapshot(queues=[hostile])).issues
    assert "{0.__class__}{subject!r}" in issue.title


def test_the_summary_of_an_unknown_has_the_source_and_the_reason() -> None:
    explanation = explained(snapshot(source_absence=Absence.REFUSED))
    assert "cannot see metrics store" in explanation.summary
    assert "the connection was refused" in explanation.summary
