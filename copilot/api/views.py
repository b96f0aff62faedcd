"""What the newest cycle says: state, prose and gates."""

from copilot.api.responses import AssessmentEntry, GateReading, Gates, Status, Summary
from copilot.api.signals import amplifiers, primary_signals
from copilot.api.verdict import Standing
from copilot.explain.explanation import ExplainedBy
from copilot.health.decision import Bottleneck, Gate
from copilot.store.rows import StoredAssessment


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
        recommended_actions=found.explanation.actions if found.explanation else (),
        fired_gates=tuple(_gate(gate) for gate in decision.fired) if decision else (),
        primary_signals=signals,
        bottleneck=decision.bottleneck if decision else Bottleneck.NONE,
        bottleneck_reasons=decision.bottleneck_reasons if decision else (),
        amplifiers=explaining,
        signals={signal.name: signal.value for signal in (*signals, *explaining)},
        log_patterns=decision.log_patterns if decision else (),
        logs_missing=decision.logs_missing if decision else "",
    )


def summary(found: Standing) -> Summary:
    explanation, told = found.explanation, found.assessment
    by_model = told and told.explained_by is not ExplainedBy.RULES
    return Summary(
        **found.verdict.model_dump(),
        summary=explanation.summary if explanation else "",
        explained_by=explanation.explained_by if explanation else None,
        assessed_at=told.at if told else None,
        model=told.model if told and by_model else "",
        input_tokens=told.input_tokens if told and by_model else 0,
        output_tokens=told.output_tokens if told and by_model else 0,
        cost_usd=told.cost_usd if told and by_model else None,
        fallback_reason=(told.failure or told.note) if told else "",
        citations=explanation.citations if explanation else (),
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


def assessment(stored: StoredAssessment) -> AssessmentEntry:
    explanation = stored.explanation
    return AssessmentEntry(
        id=stored.key,
        timestamp=stored.at,
        stored_at=stored.stored_at,
        cycle=stored.cycle,
        trigger=stored.trigger,
        health_state=stored.state,
        scale_band=stored.band,
        causes=stored.causes,
        fired_gates=tuple(_gate(gate) for gate in stored.evidence.gates),
        bottleneck=stored.evidence.bottleneck,
        bottleneck_reasons=stored.evidence.bottleneck_reasons,
        log_patterns=stored.evidence.log_patterns,
        logs_missing=stored.evidence.logs_missing,
        summary=explanation.summary,
        issues=explanation.issues,
        actions=explanation.actions,
        citations=explanation.citations,
        depth=stored.depth,
        explained_by=stored.explained_by,
        model=stored.model,
        input_tokens=stored.input_tokens,
        output_tokens=stored.output_tokens,
        cost_usd=stored.cost_usd,
        failure=stored.failure,
        note=stored.note,
    )
