"""The rules, stage by stage. Each function reads one view and returns every gate it applied."""

from copilot.health.bands import percentile
from copilot.health.decision import Cause, CauseKind, Gate, GateName, Severity, Stage
from copilot.health.view import ROLES, View, blind, gate
from copilot.signals.names import SignalName as S
from copilot.signals.snapshot import Absence, Reading

PERSISTENCE = Cause(kind=CauseKind.PERSISTENCE, name="persistence")
HISTORY = Cause(kind=CauseKind.SERVICE, name="history")
FRONTEND = Cause(kind=CauseKind.SERVICE, name="frontend")
SHARDS = Cause(kind=CauseKind.SHARDS, name="history shards")


def view_gates(view: View) -> list[Gate]:
    """Can the cluster be seen at all? Any fired gate here makes the verdict unknown."""
    metrics = view.snapshot.metrics
    if metrics.source_absence:
        reading = Reading.missing(metrics.source_absence, metrics.source_detail)
        return [blind("up", reading, "metrics store")]
    targets = {role: view.target(role) for role in ROLES}
    if all(target.is_missing for target in targets.values()):
        return [blind("up", targets["frontend"], f"scrapes of {view.snapshot.cluster}")]
    if _scrapes_contradict_frontend(view):
        detail = "every target's `up` is 0 while the frontend answers on its own port"
        reading = Reading.missing(Absence.REFUSED, detail)
        return [blind("up", reading, f"scrapes of {view.snapshot.cluster}")]
    progress = [view.reading(S.STATE_TRANSITIONS_RATE), view.reading(S.HISTORY_TASK_RATE)]
    gone = all(reading.is_missing for reading in progress) and targets["history"].value != 0
    return [blind(S.STATE_TRANSITIONS_RATE, progress[0], "signals of progress", fired=gone)]


def _scrapes_contradict_frontend(view: View) -> bool:
    """All targets down may be a broken scrape: the frontend's own answer is the second source."""
    all_down = all(view.target(role).value == 0 for role in ROLES)
    return all_down and view.snapshot.queues.absence is None


def down_gates(view: View) -> list[Gate]:
    """One gate a role: its `up` is 0, or it was seen before and its series is gone."""
    gates = []
    for role in ROLES:
        reading = view.target(role)
        vanished = reading.absence is Absence.NO_SERIES and role in view.memory.roles_seen
        seen = Reading.of(0) if vanished else reading
        detail = "its series vanished while other services are seen" if vanished else ""
        gates.append(
            gate(
                GateName.SERVICE_DOWN,
                Stage.DOWN,
                Severity.CRITICAL,
                seen,
                1,
                signal="up",
                fires_when="below",
                subject=role,
                detail=detail,
                cause=Cause(kind=CauseKind.SERVICE, name=role),
            )
        )
    return gates


def stuck_gates(view: View) -> list[Gate]:
    """Demand without progress. Quiet without demand is idle, and no gate fires."""
    limits, demand = view.limits, view.reading(S.START_REQUEST_RATE)
    # Demand of two cycles: a counter that has just appeared has no rate yet, and the frontend may
    # be scraped before the history service that answers the same first requests.
    before = view.memory.demand_rates[-1:] or (0.0,)
    armed = min(demand.value or 0, *before) >= limits.demand_floor
    least = view.thresholds.progress_per_start * (demand.value or 0)
    detail = f"{demand.value:.2f} starts/s are asked for" if demand.value is not None else ""

    def progress(name: GateName, signal: S) -> Gate:
        reading = demand if demand.is_missing else view.reading(signal)
        return gate(
            name,
            Stage.STUCK,
            Severity.CRITICAL,
            reading,
            least,
            signal=signal,
            fires_when="below",
            armed=armed,
            unit="1/s",
            detail=detail,
            cause=HISTORY,
        )

    return [
        progress(GateName.NO_PROGRESS, S.STATE_TRANSITIONS_RATE),
        progress(GateName.NO_TASK_PROCESSING, S.HISTORY_TASK_RATE),
        gate(
            GateName.HISTORY_STUCK,
            Stage.STUCK,
            Severity.CRITICAL,
            view.reading(S.HISTORY_QUEUE_LATENCY_P95),
            limits.history_lag_critical,
            signal=S.HISTORY_QUEUE_LATENCY_P95,
            unit="s",
            cause=HISTORY,
        ),
    ]


def failing_gates(view: View) -> list[Gate]:
    """Persistence errors and workflows that do not complete, each with two limits."""
    thresholds = view.thresholds
    errors = view.reading(S.PERSISTENCE_ERROR_RATE)
    share = view.derived(
        lambda failed, asked: failed / max(asked, failed) if failed else 0.0,
        S.PERSISTENCE_ERROR_RATE,
        S.PERSISTENCE_REQUEST_RATE,
    )
    ended = view.derived(lambda ok, bad: ok + bad, S.WORKFLOW_SUCCESS_RATE, S.WORKFLOW_FAILED_RATE)
    completion = view.derived(
        lambda ok, bad: ok / (ok + bad) if ok + bad else 1.0,
        S.WORKFLOW_SUCCESS_RATE,
        S.WORKFLOW_FAILED_RATE,
    )
    names = failing_types(view)

    def persistence(severity: Severity, limit: float) -> Gate:
        return gate(
            GateName.PERSISTENCE_ERRORS,
            Stage.FAILING,
            severity,
            share,
            limit,
            signal="persistence_error_ratio",
            armed=(errors.value or 0) >= thresholds.persistence_error_floor,
            unit="ratio",
            detail=f"{errors.value:.2f} errors/s" if errors.value is not None else "",
            cause=PERSISTENCE,
        )

    def completions(severity: Severity, limit: float) -> Gate:
        return gate(
            GateName.COMPLETIONS,
            Stage.FAILING,
            severity,
            completion,
            limit,
            signal="completion_ratio",
            fires_when="below",
            armed=(ended.value or 0) >= view.limits.completion_floor,
            unit="ratio",
            detail=", ".join(names),
            cause=Cause(kind=CauseKind.WORKFLOW_TYPE, name=names[0]) if names else None,
        )

    return [
        persistence(Severity.CRITICAL, thresholds.persistence_error_ratio_critical),
        persistence(Severity.STRESSED, thresholds.persistence_error_ratio_stressed),
        completions(Severity.CRITICAL, thresholds.completion_critical),
        completions(Severity.STRESSED, thresholds.completion_stressed),
    ]


def failing_types(view: View) -> list[str]:
    """Workflow types below the completion limit, most failures a second first, at most five."""
    limit = view.thresholds.completion_stressed
    failing = [
        outcome
        for outcome in view.snapshot.metrics.outcomes
        if outcome.failed_rate > 0
        and outcome.success_rate / (outcome.success_rate + outcome.failed_rate) < limit
    ]
    failing.sort(key=lambda outcome: (-outcome.failed_rate, outcome.workflow_type))
    return [f"{o.workflow_type} on {o.namespace}/{o.task_queue}" for o in failing[:5]]


def pressure_gates(view: View) -> list[Gate]:
    """Lag, latency and churn: slower than a cluster of this size should be."""
    limits, thresholds = view.limits, view.thresholds

    def pressure(name: GateName, signal: S, limit: float, unit: str, cause: Cause) -> Gate:
        reading = view.reading(signal)
        return gate(
            name,
            Stage.PRESSURE,
            Severity.STRESSED,
            reading,
            limit,
            signal=signal,
            unit=unit,
            cause=cause,
        )

    return [
        pressure(
            GateName.HISTORY_LAG,
            S.HISTORY_QUEUE_LATENCY_P95,
            limits.history_lag_stressed,
            "s",
            HISTORY,
        ),
        pressure(
            GateName.PERSISTENCE_LATENCY,
            S.PERSISTENCE_LATENCY_P95,
            limits.persistence_latency_p95,
            "ms",
            PERSISTENCE,
        ),
        pressure(
            GateName.UPDATE_LATENCY,
            S.UPDATE_LATENCY_P95,
            limits.update_latency_p95,
            "ms",
            PERSISTENCE,
        ),
        pressure(
            GateName.FRONTEND_LATENCY,
            S.FRONTEND_LATENCY_P95,
            limits.frontend_latency_p95,
            "ms",
            FRONTEND,
        ),
        pressure(
            GateName.FRONTEND_ERRORS,
            S.FRONTEND_ERROR_RATE,
            thresholds.frontend_error_rate,
            "1/s",
            FRONTEND,
        ),
        pressure(
            GateName.SHARD_CHURN, S.SHARD_CREATED_RATE, thresholds.shard_churn_rate, "1/s", SHARDS
        ),
        _progress_drop(view),
    ]


def _progress_drop(view: View) -> Gate:
    """Updates fell far below their usual rate while starts did not: someone stopped working."""
    memory, thresholds = view.memory, view.thresholds
    usual_updates = percentile(memory.update_rates, 0.5)
    usual_demand = percentile(memory.demand_rates, 0.5)
    demand = view.reading(S.START_REQUEST_RATE)
    armed = (
        len(memory.update_rates) >= thresholds.drop_min_cycles
        and usual_demand >= view.limits.demand_floor
        and (demand.value or 0) >= thresholds.drop_demand_ratio * usual_demand
    )
    return gate(
        GateName.PROGRESS_DROP,
        Stage.PRESSURE,
        Severity.STRESSED,
        demand if demand.is_missing else view.reading(S.STATE_TRANSITIONS_RATE),
        thresholds.drop_ratio * usual_updates,
        signal=S.STATE_TRANSITIONS_RATE,
        fires_when="below",
        armed=armed,
        unit="1/s",
        detail=f"usual: {usual_updates:.1f} updates/s at {usual_demand:.2f} starts/s",
        cause=HISTORY,
    )
