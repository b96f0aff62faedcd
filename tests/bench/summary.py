"""The figures of detection: what the Copilot made of faults and controls, beside its targets."""

from collections.abc import Sequence

from lab.faults import FAULTS
from tests.bench.course import CLEAR_LIMIT_SECONDS
from tests.bench.figure import Figure, percentile
from tests.bench.outcome import SERIOUS, Detection, Quiet

OURS = "copilot"
HARD = ("kill-frontend", "kill-history", "kill-matching", "database-down", "stop-workers")
"""A process or the database is gone, or progress has stopped."""
SLOW = ("abandon-queue", "limited-namespace")
"""What only shows in time: an abandoned queue when its last starts wait and the server has unloaded
it, and a limit when the server reads it, within a minute. Both are left out of the targets."""
HARD_P95_SECONDS, HARD_WORST_SECONDS, OTHERS_P95_SECONDS = 20, 30, 60
CLEAR_SECONDS = 75


def figures_of(detections: Sequence[Detection], quiets: Sequence[Quiet]) -> list[Figure]:
    """The figures of those that are the Copilot's."""
    ours = [one for one in detections if one.judge == OURS]
    figures = [*_times(ours), *_answers(ours)] if ours else []
    alarms = [alarm for one in quiets if one.judge == OURS for alarm in one.false_alarms]
    if quiets:
        controls = len({one.control for one in quiets})
        serious = sum(alarm.startswith(SERIOUS) for alarm in alarms)
        figures.append(Figure(f"false alarms in {controls} controls", serious, "", 0))
    return figures


def is_blind(fault: str) -> bool:
    """Whether the fault takes the view of the cluster and not the cluster."""
    return FAULTS[fault].verdict == "unknown"


def _times(ours: Sequence[Detection]) -> list[Figure]:
    hard = [_seconds(one) for one in ours if one.fault in HARD]
    others = [_seconds(one) for one in ours if one.fault not in (*HARD, *SLOW)]
    figures = []
    if hard:
        p95, worst = percentile(hard, 0.95), max(hard)
        figures += [
            Figure(f"hard faults, p95 of {len(hard)}", p95, "s", HARD_P95_SECONDS),
            Figure(f"hard faults, worst of {len(hard)}", worst, "s", HARD_WORST_SECONDS),
        ]
    if others:
        p95 = percentile(others, 0.95)
        figures.append(Figure(f"other faults, p95 of {len(others)}", p95, "s", OTHERS_P95_SECONDS))
    slowest = max(_cleared(one) for one in ours)
    return [*figures, Figure(f"slowest to clear of {len(ours)}", slowest, "s", CLEAR_SECONDS)]


def _answers(ours: Sequence[Detection]) -> list[Figure]:
    right = sum(one.is_right for one in ours)
    figures = [Figure(f"first cause right of {len(ours)}", right, "", len(ours), at_most=False)]
    blind = [one for one in ours if is_blind(one.fault)]
    if blind:
        healthy = sum(one.is_quiet for one in blind)
        figures.append(Figure(f"healthy while blind of {len(blind)}", healthy, "", 0))
    return figures


def _seconds(one: Detection) -> float:
    """A fault that was not found counts for as long as it was held."""
    return one.held if one.detected is None else one.detected


def _cleared(one: Detection) -> float:
    """An alarm that did not clear counts for as long as it was awaited."""
    if one.cleared is None:
        return 0.0 if one.detected is None else CLEAR_LIMIT_SECONDS
    return one.cleared
