"""Accepted or open work without progress.

A quiet cluster is idle where that has a reason: demand is gone too, or nothing is open.
"""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import HISTORY, RuleInputs, apply_limit
from copilot.health.rules.starved_queue import is_starved
from copilot.health.usual import Usual, was_quiet_at_this_hour
from copilot.signals.signal_names import SignalName as S


def check(inputs: RuleInputs) -> list[RuleResult]:
    limits, demand = inputs.limits, inputs.demand
    armed = inputs.lasting_demand >= limits.demand_floor
    least = inputs.thresholds.progress_per_start * (demand.value or 0)
    detail = f"{demand.value:.2f} starts/s are accepted" if demand.value is not None else ""

    def progress(name: RuleName, signal: S) -> RuleResult:
        return apply_limit(
            name,
            Stage.STUCK,
            Severity.CRITICAL,
            demand if demand.is_missing else inputs.reading(signal),
            least,
            signal=signal,
            fires_when="below",
            armed=armed,
            unit="1/s",
            detail=detail,
            cause=HISTORY,
        )

    return [
        progress(RuleName.NO_PROGRESS, S.STATE_TRANSITIONS_RATE),
        progress(RuleName.NO_TASK_PROCESSING, S.HISTORY_TASK_RATE),
        _progress_gone(inputs),
        apply_limit(
            RuleName.HISTORY_STUCK,
            Stage.STUCK,
            Severity.CRITICAL,
            inputs.reading(S.HISTORY_QUEUE_LATENCY_P95),
            limits.history_lag_critical,
            newest=inputs.newest(S.HISTORY_QUEUE_LATENCY_P95),
            signal=S.HISTORY_QUEUE_LATENCY_P95,
            unit="s",
            cause=HISTORY,
        ),
    ]


def _progress_gone(inputs: RuleInputs) -> RuleResult:
    """Updates and history tasks are gone while the work is not, at any load."""
    thresholds, lately = inputs.thresholds, inputs.lately
    at_this_hour = Usual.at_this_hour(inputs.snapshot, thresholds)
    known = [one for one in (lately, at_this_hour) if one]
    missed = [one for one in known if one.updates >= thresholds.gone_usual_floor]
    reasons = [(one, reason) for one in missed if (reason := _work_remains(inputs, one))]
    usual, reason = max(reasons, key=lambda one: one[0].updates, default=(None, ""))
    least = thresholds.gone_ratio * (usual or lately or Usual(0, 0, 0)).updates
    tasks = inputs.reading(S.HISTORY_TASK_RATE).value
    armed = (
        usual is not None
        and tasks is not None
        and tasks < least
        # Work that waits for workers waits for nobody else.
        and not any(is_starved(inputs, facts) for facts in inputs.snapshot.queues.queues)
    )
    by_hour = usual is not None and usual is at_this_hour
    hour = " at this hour" if by_hour else ""
    return apply_limit(
        RuleName.PROGRESS_GONE,
        Stage.STUCK,
        # Users may move what they run to another hour.
        Severity.STRESSED if by_hour else Severity.CRITICAL,
        inputs.reading(S.STATE_TRANSITIONS_RATE),
        least,
        signal=S.STATE_TRANSITIONS_RATE,
        fires_when="below",
        armed=armed,
        unit="1/s",
        detail=f"usual{hour}: {usual.updates:.1f} updates/s; {reason}" if usual else "",
        cause=HISTORY,
    )


def _work_remains(inputs: RuleInputs, usual: Usual) -> str:
    """Why the silence is not the end of the work; empty when it may be."""
    thresholds, starts = inputs.thresholds, inputs.lasting_demand
    kept = thresholds.drop_demand_ratio
    passes = _canary_passes(inputs)
    updates = inputs.reading(S.STATE_TRANSITIONS_RATE).value or 0.0
    # Where the engine works, workflows that start and then wait make updates of that rate.
    answered = passes and updates >= thresholds.progress_per_start * starts
    if usual.starts > thresholds.idle_demand and starts >= kept * usual.starts and not answered:
        return f"{starts:.2f} starts/s are still accepted"
    opened = inputs.snapshot.open_workflows or 0
    if opened < thresholds.gone_open_per_update * usual.updates:
        return ""
    lag = inputs.reading(S.SCHEDULED_QUEUE_LAG_P95).value or 0.0
    if lag > thresholds.timer_lag_seconds:
        return f"{opened} workflows are open, and timers are {lag:.0f} s late"
    # Nothing that came from outside kept these workflows going, so nothing outside ended it. Where
    # workflows of the Copilot pass, the others wait of their own accord, and so they do where this
    # hour is quiet on other days, too.
    gone = thresholds.gone_ratio * usual.updates
    if passes or was_quiet_at_this_hour(inputs.snapshot, thresholds, gone):
        return ""
    signals = inputs.reading(S.SIGNAL_REQUEST_RATE).value or 0.0
    if usual.starts <= thresholds.idle_demand and signals >= kept * usual.signals:
        return f"{opened} workflows are open, and demand is as usual"
    return ""


def _canary_passes(inputs: RuleInputs) -> bool:
    """Whether canaries came back in this cycle, or in the one before where none was due now."""
    probe = inputs.snapshot.probe
    canary = probe.canary if probe else None
    if canary and (canary.late or canary.fails):
        return False
    if canary and canary.passed:
        return True
    last = inputs.memory.canary_passed
    limit = inputs.thresholds.canary_recent_seconds
    return last is not None and (inputs.snapshot.at - last).total_seconds() <= limit
