"""Can the cluster be observed at all? A fired rule here makes the state unknown."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Absence, Reading


def check(inputs: RuleInputs) -> list[RuleResult]:
    metrics = inputs.snapshot.metrics
    if metrics.source_absence:
        reading = Reading.missing(metrics.source_absence, metrics.source_detail)
        return [_view("up", reading, "metrics store")]
    scrapes = f"scrapes of {inputs.snapshot.cluster}"
    targets = {role: inputs.target(role) for role in Role}
    if all(target.is_missing for target in targets.values()):
        return [_view("up", targets[Role.FRONTEND], scrapes)]
    # All targets down may be a broken scrape: the frontend's own answer is the second source.
    failing = (target.value == 0 or inputs.unscraped(role) for role, target in targets.items())
    if all(failing) and inputs.snapshot.queues.absence is None:
        detail = "every target's `up` is 0 while the frontend answers on its own port"
        return [_view("up", Reading.missing(Absence.REFUSED, detail), scrapes)]
    progress = [inputs.reading(S.STATE_TRANSITIONS_RATE), inputs.reading(S.HISTORY_TASK_RATE)]
    history = targets[Role.HISTORY]
    gone = all(reading.is_missing for reading in progress) and history.value != 0
    reading = history if gone and history.is_missing else progress[0]
    return [_view(S.STATE_TRANSITIONS_RATE, reading, "signals of progress", fired=gone)]


def _view(signal: str, reading: Reading, source: str, *, fired: bool = True) -> RuleResult:
    return RuleResult(
        name=RuleName.VIEW,
        stage=Stage.NO_VIEW,
        severity=Severity.BLIND,
        signal=signal,
        subject=source,
        fired=fired,
        observed=reading.value,
        absence=reading.absence,
        fires_when="missing",
        detail=reading.detail,
        cause=Cause(kind=CauseKind.SOURCE, name=source),
    )
