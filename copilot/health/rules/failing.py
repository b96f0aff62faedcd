"""Persistence errors, workflows that do not complete, and workflow tasks that fail."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.failures import failed_for_good, outcomes_for_good
from copilot.health.rules.rule import (
    ENDED_SHARE,
    PERSISTENCE,
    RuleInputs,
    apply_limit,
    computed,
    share_of_requests,
)
from copilot.health.store_faults import conflict_rate, described
from copilot.health.tiers import percentile
from copilot.signals.reading import Reading
from copilot.signals.signal_names import SignalName as S

_NAMED_TYPES = 5


def check(inputs: RuleInputs) -> list[RuleResult]:
    thresholds = inputs.thresholds
    return [
        *_persistence_errors(
            inputs,
            {
                Severity.CRITICAL: thresholds.persistence_error_ratio_critical,
                Severity.STRESSED: thresholds.persistence_error_ratio_stressed,
            },
        ),
        _completions(inputs),
        _completions_gone(inputs),
        *_failing_runs(inputs),
        *_task_failures(inputs),
    ]


def _persistence_errors(inputs: RuleInputs, limits: dict[Severity, float]) -> list[RuleResult]:
    """The share of failed calls, without writes that lost a race and are repeated."""
    of_requests = (S.PERSISTENCE_ERROR_RATE, S.PERSISTENCE_REQUEST_RATE)
    requests = inputs.reading(S.PERSISTENCE_REQUEST_RATE).value or 0.0
    conflicts = conflict_rate(inputs.snapshot)
    repeated = conflicts if conflicts <= inputs.thresholds.store_conflict_ratio * requests else 0.0

    def share_of_faults(errors: float, requests: float) -> float:
        return share_of_requests(max(0.0, errors - repeated), requests)

    errors = inputs.derived(lambda rate: max(0.0, rate - repeated), S.PERSISTENCE_ERROR_RATE)
    share = inputs.derived(share_of_faults, *of_requests)
    newest = inputs.derived_newest(share_of_faults, *of_requests)
    kinds = described(inputs.snapshot)
    detail = f"{errors.value:.2f} errors/s" if errors.value is not None else ""
    return [
        apply_limit(
            RuleName.PERSISTENCE_ERRORS,
            Stage.FAILING,
            severity,
            share,
            limit,
            newest=newest,
            signal="persistence_error_ratio",
            armed=(errors.value or 0) >= inputs.thresholds.persistence_error_floor,
            unit="ratio",
            detail=f"{detail}: {kinds}" if detail and kinds else detail,
            cause=PERSISTENCE,
        )
        for severity, limit in limits.items()
    ]


def _completions(inputs: RuleInputs) -> RuleResult:
    """The share of successes, against what is usual here: a type may fail by design."""
    thresholds, ratios = inputs.thresholds, inputs.memory.completion_ratios
    outcomes = (inputs.reading(S.WORKFLOW_SUCCESS_RATE), failed_for_good(inputs.snapshot))
    ended = computed(lambda success, failed: success + failed, outcomes)
    completion = computed(
        lambda success, failed: success / (success + failed) if success + failed else 1.0,
        outcomes,
    )
    limit = thresholds.completion_ratio
    if len(ratios) >= thresholds.drop_min_cycles:
        limit = min(limit, thresholds.completion_usual_share * percentile(ratios, 0.5))
    names = _failing_types(inputs)
    return apply_limit(
        RuleName.COMPLETIONS,
        Stage.FAILING,
        Severity.STRESSED,
        completion,
        limit,
        signal="completion_ratio",
        fires_when="below",
        armed=(ended.value or 0) >= inputs.limits.completion_floor
        and not _succeed_again(inputs, limit),
        unit="ratio",
        detail=", ".join(names),
        cause=Cause(kind=CauseKind.WORKFLOW_TYPE, name=names[0]) if names else None,
    )


def _succeed_again(inputs: RuleInputs, limit: float) -> bool:
    """By the newest scrapes workflows end, and few of them fail."""
    success, failed = inputs.newest(S.WORKFLOW_SUCCESS_RATE), inputs.newest(S.WORKFLOW_FAILED_RATE)
    if not success or not success.value or not failed or failed.value is None:
        return False
    return failed.value < ENDED_SHARE * (1 - limit) * (success.value + failed.value)


def _completions_gone(inputs: RuleInputs) -> RuleResult:
    """No workflow ends any more while starts continue."""
    memory, thresholds = inputs.memory, inputs.thresholds
    usual = percentile(memory.completion_rates, 0.5)
    usual_starts = inputs.lately.starts if inputs.lately else 0.0
    # Of many cycles: when load returns, the first workflows have not ended yet.
    before = memory.demand_rates[-thresholds.drop_min_cycles :]
    starts = min(inputs.demand.value or 0.0, *(before or (0.0,)))
    armed = (
        len(memory.completion_rates) >= thresholds.drop_min_cycles
        and usual >= thresholds.completions_usual_floor
        and usual_starts > thresholds.idle_demand
        and starts >= thresholds.drop_demand_ratio * usual_starts
    )
    return apply_limit(
        RuleName.COMPLETIONS_GONE,
        Stage.FAILING,
        Severity.STRESSED,
        inputs.derived(
            lambda success, failed: success + failed,
            S.WORKFLOW_SUCCESS_RATE,
            S.WORKFLOW_FAILED_RATE,
        ),
        thresholds.completions_gone_ratio * usual,
        signal="completions",
        fires_when="below",
        armed=armed,
        unit="1/s",
        detail=f"usual: {usual:.2f} completions/s at {usual_starts:.2f} starts/s",
    )


def _failing_runs(inputs: RuleInputs) -> list[RuleResult]:
    """Types that fail every time, however seldom they run."""
    thresholds = inputs.thresholds
    return [
        apply_limit(
            RuleName.FAILING_TYPE,
            Stage.FAILING,
            Severity.STRESSED,
            Reading.of(run.count),
            thresholds.failures_in_a_row,
            signal="failures_in_a_row",
            subject=name,
            detail="no run succeeded between them",
            cause=Cause(kind=CauseKind.WORKFLOW_TYPE, name=name),
        )
        for name, run in inputs.now.failing_types.items()
        if run.count > thresholds.failures_in_a_row
        and (inputs.snapshot.at - run.last).total_seconds() <= thresholds.failing_type_seconds
    ][:_NAMED_TYPES]


def _task_failures(inputs: RuleInputs) -> list[RuleResult]:
    """Workflow tasks that workers fail: stressed from a share of all tasks, below it a notice."""
    if not inputs.measures(S.WORKFLOW_TASK_FAILURE_RATE):
        return []
    thresholds, failures = inputs.thresholds, inputs.reading(S.WORKFLOW_TASK_FAILURE_RATE)
    tasks = inputs.reading(S.POLL_SUCCESS_RATE).value or 0.0
    many = (failures.value or 0.0) > thresholds.task_failure_ratio * tasks
    named = inputs.snapshot.metrics.task_failures
    where = f"workflows of namespace {named[0].namespace}" if named else "workflow tasks"
    return [
        apply_limit(
            RuleName.TASK_FAILURES,
            Stage.FAILING,
            Severity.STRESSED if many or failures.is_missing else Severity.NOTICE,
            failures,
            thresholds.task_failure_floor,
            newest=inputs.newest(S.WORKFLOW_TASK_FAILURE_RATE),
            signal=S.WORKFLOW_TASK_FAILURE_RATE,
            unit="1/s",
            subject=where,
            detail=", ".join(f"{one.namespace}: {one.reason}" for one in named[:_NAMED_TYPES]),
            cause=Cause(kind=CauseKind.WORKFLOW_TYPE, name=where),
        )
    ]


def _failing_types(inputs: RuleInputs) -> list[str]:
    """Workflow types below the completion limit, most failures a second first."""
    limit = inputs.thresholds.completion_ratio
    failing = [
        outcome
        for outcome in outcomes_for_good(inputs.snapshot)
        if outcome.failed_rate > 0
        and outcome.success_rate / (outcome.success_rate + outcome.failed_rate) < limit
    ]
    failing.sort(key=lambda outcome: (-outcome.failed_rate, outcome.workflow_type))
    return [f"{o.workflow_type} on {o.namespace}/{o.task_queue}" for o in failing[:_NAMED_TYPES]]
