"""Accepted or open work without progress.

A quiet cluster is idle where that has a reason: demand is gone too, or nothing is open.
"""

from copilot.health.decision import RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import HISTORY, RuleInputs, apply_limit
from copilot.health.rules.starved_queue import is_starved
from copilot.health.tiers import percentile
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
    memory, thresholds = inputs.memory, inputs.thresholds
    usual = percentile(memory.update_rates, 0.5)
    tasks = inputs.reading(S.HISTORY_TASK_RATE)
    least = thresholds.gone_ratio * usual
    reason = _work_remains(inputs, usual)
    armed = (
        len(memory.update_rates) >= thresholds.drop_min_cycles
        and usual >= thresholds.gone_usual_floor
        and tasks.value is not None
        and tasks.value < least
        and bool(reason)
        # Work that waits for workers waits for nobody else.
        and not any(is_starved(inputs, facts) for facts in inputs.snapshot.queues.queues)
    )
    return apply_limit(
        RuleName.PROGRESS_GONE,
        Stage.STUCK,
        Severity.CRITICAL,
        inputs.reading(S.STATE_TRANSITIONS_RATE),
        least,
        signal=S.STATE_TRANSITIONS_RATE,
        fires_when="below",
        armed=armed,
        unit="1/s",
        detail=f"usual: {usual:.1f} updates/s; {reason}" if reason else "",
        cause=HISTORY,
    )


def _work_remains(inputs: RuleInputs, usual: float) -> str:
    """Why the silence is not the end of the work; empty when it may be."""
    memory, thresholds = inputs.memory, inputs.thresholds
    starts, usual_starts = inputs.lasting_demand, percentile(memory.demand_rates, 0.5)
    kept = thresholds.drop_demand_ratio
    passes = _canary_passes(inputs)
    updates = inputs.reading(S.STATE_TRANSITIONS_RATE).value or 0.0
    # Where the engine works, workflows that start and then wait make updates of that rate.
    answered = passes and updates >= thresholds.progress_per_start * starts
    if usual_starts > thresholds.idle_demand and starts >= kept * usual_starts and not answered:
        return f"{starts:.2f} starts/s are still accepted"
    opened = inputs.snapshot.open_workflows or 0
    if opened < thresholds.gone_open_per_update * usual:
        return ""
    lag = inputs.reading(S.SCHEDULED_QUEUE_LAG_P95).value or 0.0
    if lag > thresholds.timer_lag_seconds:
        return f"{opened} workflows are open, and timers are {lag:.0f} s late"
    signals, usual_signals = (
        inputs.reading(S.SIGNAL_REQUEST_RATE).value or 0.0,
        percentile(memory.signal_rates, 0.5),
    )
    # Nothing that came from outside kept these workflows going, so nothing outside ended it. Where
    # workflows of the Copilot pass, the others wait of their own accord.
    if passes:
        return ""
    if usual_starts <= thresholds.idle_demand and signals >= kept * usual_signals:
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
