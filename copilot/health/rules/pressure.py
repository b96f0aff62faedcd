"""Lag, latency and churn: slower than a cluster of this size should be."""

from copilot.health.decision import Cause, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import (
    FRONTEND,
    HISTORY,
    PERSISTENCE,
    SHARDS,
    RuleInputs,
    apply_limit,
)
from copilot.signals.signal_names import SignalName as S


def check(inputs: RuleInputs) -> list[RuleResult]:
    limits = inputs.limits
    rows: tuple[tuple[RuleName, S, float, str, Cause], ...] = (
        (
            RuleName.HISTORY_LAG,
            S.HISTORY_QUEUE_LATENCY_P95,
            limits.history_lag_stressed,
            "s",
            HISTORY,
        ),
        (
            RuleName.PERSISTENCE_LATENCY,
            S.PERSISTENCE_LATENCY_P95,
            limits.persistence_latency_p95,
            "ms",
            PERSISTENCE,
        ),
        (
            RuleName.UPDATE_LATENCY,
            S.UPDATE_LATENCY_P95,
            limits.update_latency_p95,
            "ms",
            PERSISTENCE,
        ),
        (
            RuleName.FRONTEND_LATENCY,
            S.FRONTEND_LATENCY_P95,
            limits.frontend_latency_p95,
            "ms",
            FRONTEND,
        ),
        (
            RuleName.FRONTEND_ERRORS,
            S.FRONTEND_ERROR_RATE,
            _frontend_errors(inputs),
            "1/s",
            FRONTEND,
        ),
        (RuleName.SHARD_CHURN, S.SHARD_CREATED_RATE, _shard_moves(inputs), "1/s", SHARDS),
    )
    return [
        apply_limit(
            name,
            Stage.PRESSURE,
            Severity.STRESSED,
            inputs.reading(signal),
            limit,
            newest=inputs.newest(signal),
            signal=signal,
            unit=unit,
            cause=cause,
        )
        for name, signal, limit, unit, cause in rows
    ] + [_progress_drop(inputs)]


def _frontend_errors(inputs: RuleInputs) -> float:
    """Errors a second: a share of all requests, with a least count, where these are known."""
    thresholds, requests = inputs.thresholds, inputs.reading(S.FRONTEND_REQUEST_RATE).value
    if requests is None:
        return thresholds.frontend_error_rate
    return max(thresholds.frontend_error_floor, thresholds.frontend_error_ratio * requests)


def _shard_moves(inputs: RuleInputs) -> float:
    """Shards a second: a share of all shards, at least what one restart moves."""
    thresholds, shards = inputs.thresholds, inputs.reading(S.SHARD_COUNT).value or 0.0
    return max(thresholds.shard_churn_rate, thresholds.shard_churn_share * shards)


def _progress_drop(inputs: RuleInputs) -> RuleResult:
    """Updates fell far below their usual rate while starts did not."""
    thresholds, usual, demand = inputs.thresholds, inputs.lately, inputs.demand
    armed = (
        usual is not None
        and usual.starts >= inputs.limits.demand_floor
        and inputs.lasting_demand >= thresholds.drop_demand_ratio * usual.starts
    )
    return apply_limit(
        RuleName.PROGRESS_DROP,
        Stage.PRESSURE,
        Severity.STRESSED,
        demand if demand.is_missing else inputs.reading(S.STATE_TRANSITIONS_RATE),
        thresholds.drop_ratio * (usual.updates if usual else 0.0),
        signal=S.STATE_TRANSITIONS_RATE,
        fires_when="below",
        armed=armed,
        unit="1/s",
        detail=f"usual: {usual.updates:.1f} updates/s at {usual.starts:.2f} starts/s"
        if usual
        else "",
        cause=HISTORY,
    )
