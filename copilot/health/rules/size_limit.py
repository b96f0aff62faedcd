"""Workflows near or over the server's limits of size, and requests that are too large."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.measurement import LargestSize, SizeKind
from copilot.signals.reading import Reading
from copilot.signals.signal_names import SignalName as S

_NAMED = 5
_WORKFLOWS = "workflows over a limit of size"


def check(inputs: RuleInputs) -> list[RuleResult]:
    """Stressed when workflows are ended or requests refused for their size; near it, a notice."""
    near = [one for one in inputs.snapshot.metrics.largest if one.size > _near(inputs, one.kind)]
    return [*_ended(inputs, near), *_refused(inputs), *_near_limits(inputs, near)]


def _ended(inputs: RuleInputs, near: list[LargestSize]) -> list[RuleResult]:
    """Only the logs say that the server ended a workflow for its size."""
    lines = _lines(inputs, "workflow_ended_for_size")
    if not lines:
        return []
    spaces = [one.namespace for one in near if one.kind is not SizeKind.PAYLOAD_BYTES]
    return [
        apply_limit(
            RuleName.SIZE_LIMIT,
            Stage.FAILING,
            Severity.STRESSED,
            Reading.of(lines),
            0,
            signal="log_lines",
            unit="workflows",
            subject="ended workflows",
            detail="the server ends workflows whose history or state is too large",
            cause=_cause(spaces, _WORKFLOWS),
        )
    ]


def _refused(inputs: RuleInputs) -> list[RuleResult]:
    if not inputs.measures(S.OVERSIZED_REQUESTS):
        return []
    refused, thresholds = inputs.reading(S.OVERSIZED_REQUESTS), inputs.thresholds
    named = inputs.snapshot.metrics.oversized
    lasts = refused.is_missing or (refused.value or 0.0) > thresholds.oversized_requests
    return [
        apply_limit(
            RuleName.SIZE_LIMIT,
            Stage.FAILING,
            Severity.STRESSED if lasts else Severity.NOTICE,
            refused,
            thresholds.oversized_requests if lasts else 0,
            signal=S.OVERSIZED_REQUESTS,
            unit="requests",
            subject="refused requests",
            detail=", ".join(f"{one.namespace}: {one.operation}" for one in named[:_NAMED]),
            cause=_cause([one.namespace for one in named], "requests over a limit of size"),
        )
    ]


def _near_limits(inputs: RuleInputs, near: list[LargestSize]) -> list[RuleResult]:
    results = [
        apply_limit(
            RuleName.SIZE_LIMIT,
            Stage.PRESSURE,
            Severity.NOTICE,
            Reading.of(one.size),
            _near(inputs, one.kind),
            signal=one.kind,
            unit="events" if one.kind is SizeKind.HISTORY_EVENTS else "bytes",
            # The server records the size of the state without its namespace.
            subject=f"{one.kind} in {one.namespace}" if one.namespace else one.kind,
            detail="at most: the upper bound of a bucket",
            cause=_cause([one.namespace], _WORKFLOWS),
        )
        for one in near
    ]
    # A cluster whose limits are lower than the defaults says so in its logs.
    if not results and (lines := _lines(inputs, "workflow_too_large")):
        results.append(
            apply_limit(
                RuleName.SIZE_LIMIT,
                Stage.PRESSURE,
                Severity.NOTICE,
                Reading.of(lines),
                0,
                signal="log_lines",
                unit="warnings",
                subject="warnings",
            )
        )
    return results


def _near(inputs: RuleInputs, kind: SizeKind) -> float:
    thresholds = inputs.thresholds
    match kind:
        case SizeKind.HISTORY_EVENTS:
            return thresholds.near_history_events
        case SizeKind.HISTORY_BYTES:
            return thresholds.near_history_bytes
        case SizeKind.PAYLOAD_BYTES:
            return thresholds.near_payload_bytes
        case SizeKind.STATE_BYTES:
            return thresholds.near_state_bytes


def _lines(inputs: RuleInputs, pattern: str) -> int:
    logs = inputs.snapshot.logs
    return sum(one.count for one in logs.counts if one.pattern == pattern) if logs else 0


def _cause(namespaces: list[str], otherwise: str) -> Cause:
    """The first namespace that is known, if any is."""
    for name in filter(None, namespaces):
        return Cause(kind=CauseKind.NAMESPACE, name=name)
    return Cause(kind=CauseKind.WORKFLOW_TYPE, name=otherwise)
