"""`/status`: the state, since when, and why."""

from fastapi import APIRouter
from pydantic import FiniteFloat

from copilot.api.dependencies import CurrentHealth
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.routes.gates import GateResult, gate_results
from copilot.api.signal_values import SignalValue, contributing_signals, primary_signals
from copilot.api.verdict import Verdict
from copilot.explain.explanation import Action, Notice
from copilot.health.decision import Bottleneck, Cause, LogPattern, ScaleTier, State
from copilot.health.root_cause import root_first
from copilot.signals.probe import CanaryReport
from copilot.signals.reading import UtcDatetime

router = APIRouter(prefix="/status", tags=["cycle"], responses=DATA_PROBLEMS)


class Status(Verdict):
    """`since` is when `health_state` began; `signals` has every value by name.

    `notices` are worth reading and change no state. Rules decide by `primary_signals`;
    `bottleneck`, `amplifiers` and `log_patterns` only explain.
    Log patterns are counted since the previous cycle, critical first; `logs_missing` says why some
    or all were not counted, or is empty. `canary` has the seconds of each step of the slowest
    canary, and those that are late; it is null where the canary is off, or no look came back.
    """

    previous_state: State
    since: UtcDatetime | None
    scale_band: ScaleTier | None
    idle: bool
    causes: tuple[Cause, ...]
    notices: tuple[Notice, ...]
    issue_count: int
    recommended_actions: tuple[Action, ...]
    fired_gates: tuple[GateResult, ...]
    primary_signals: tuple[SignalValue, ...]
    bottleneck: Bottleneck
    bottleneck_reasons: tuple[str, ...]
    amplifiers: tuple[SignalValue, ...]
    signals: dict[str, FiniteFloat | None]
    log_patterns: tuple[LogPattern, ...]
    logs_missing: str
    canary: CanaryReport | None


@router.get("")
async def status(health: CurrentHealth) -> Status:
    """State, since when, why, and the primary signals."""
    record, explanation = health.record, health.explanation
    decision = record.decision if record else None
    probe = record.snapshot.probe if record else None
    primary, contributing = primary_signals(record), contributing_signals(record)
    return Status(
        **health.verdict.model_dump(),
        previous_state=health.previous_state,
        since=health.since,
        scale_band=decision.band if decision else None,
        idle=decision.idle if decision else False,
        causes=decision.causes if decision else (),
        notices=record.explanation.notices if record else (),
        issue_count=len(record.explanation.issues) if record else 0,
        recommended_actions=explanation.actions if explanation else (),
        fired_gates=gate_results(root_first(decision.fired)) if decision else (),
        primary_signals=primary,
        bottleneck=decision.bottleneck if decision else Bottleneck.NONE,
        bottleneck_reasons=decision.bottleneck_reasons if decision else (),
        amplifiers=contributing,
        signals={signal.name: signal.value for signal in (*primary, *contributing)},
        log_patterns=decision.log_patterns if decision else (),
        logs_missing=decision.logs_missing if decision else "",
        canary=probe.canary if probe else None,
    )
