"""What the newest cycle says: state, prose and gates."""

from copilot.api.responses import GateReading, Gates, Status, Summary
from copilot.api.signals import amplifiers, primary_signals
from copilot.api.verdict import Standing
from copilot.health.decision import Bottleneck, Gate


def status(found: Standing) -> Status:
    record = found.record
    decision = record.decision if record else None
    signals, explaining = primary_signals(record), amplifiers(record)
    return Status(
        **found.verdict.model_dump(),
        previous_state=found.previous,
        since=found.since,
        scale_band=decision.band if decision else None,
        idle=decision.idle if decision else False,
        causes=decision.causes if decision else (),
        issue_count=len(record.explanation.issues) if record else 0,
        fired_gates=tuple(_gate(gate) for gate in decision.fired) if decision else (),
        primary_signals=signals,
        bottleneck=decision.bottleneck if decision else Bottleneck.NONE,
        bottleneck_reasons=decision.bottleneck_reasons if decision else (),
        amplifiers=explaining,
        signals={signal.name: signal.value for signal in (*signals, *explaining)},
    )


def summary(found: Standing) -> Summary:
    explanation = found.record.explanation if found.record else None
    return Summary(
        **found.verdict.model_dump(),
        summary=explanation.summary if explanation else "",
        explained_by=explanation.explained_by if explanation else None,
    )


def gates(found: Standing) -> Gates:
    read = found.record.decision.gates if found.record else ()
    return Gates(**found.verdict.model_dump(), gates=tuple(_gate(gate) for gate in read))


def _gate(gate: Gate) -> GateReading:
    return GateReading(
        name=gate.name,
        stage=gate.stage,
        severity=gate.severity,
        signal=gate.signal,
        subject=gate.subject,
        outcome="fired" if gate.fired else "missing" if gate.unread else "passed",
        observed=gate.observed,
        threshold=gate.threshold,
        fires_when=gate.fires_when,
        unit=gate.unit,
        absence=gate.absence,
        detail=gate.detail,
        cause=gate.cause,
    )
