"""Failures for good: without the runs that their workflow's retry policy repeats.

The server counts each run that fails, and beside it, by namespace and not by type, each run that a
retry policy starts again.
"""

from copilot.health.demand import value_of
from copilot.signals.measurement import WorkflowOutcome
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot


def failed_for_good(snapshot: Snapshot) -> Reading:
    """Workflows a second; missing when the failed runs are.

    Snapshots of earlier versions do not know retries: every failure counts.
    """
    failed = snapshot.metrics.readings.get(S.WORKFLOW_FAILED_RATE)
    if failed is None:
        return Reading.missing(Absence.NO_SERIES, "not measured in this cycle")
    if failed.value is None:
        return failed
    return Reading.of(max(0.0, failed.value - _retried(snapshot)))


def outcomes_for_good(snapshot: Snapshot) -> tuple[WorkflowOutcome, ...]:
    """Outcomes by type; retries are taken off the types with the most failures first.

    So a type that fails seldom is not hidden behind another that is retried often.
    """
    retried, outcomes = _retried(snapshot), []
    for outcome in sorted(snapshot.metrics.outcomes, key=lambda one: -one.failed_rate):
        taken_off = min(outcome.failed_rate, retried)
        retried -= taken_off
        failed_rate = outcome.failed_rate - taken_off
        outcomes.append(outcome.model_copy(update={"failed_rate": failed_rate}))
    return tuple(outcomes)


def _retried(snapshot: Snapshot) -> float:
    return max(0.0, value_of(snapshot, S.WORKFLOW_RETRY_RATE) or 0.0)
