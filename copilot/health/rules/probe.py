"""What the look between two cycles saw: calls that fail, and canaries that do not come back.

No rule of the metrics is that fast, and none sees a single shard that stands still.
"""

from collections.abc import Iterator

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import (
    FRONTEND,
    HISTORY,
    PERSISTENCE,
    VISIBILITY,
    RuleInputs,
    apply_limit,
)
from copilot.signals.probe import CanaryReport, CanaryStep, Probe
from copilot.signals.reading import Reading
from copilot.signals.roles import Role

MATCHING = Cause(kind=CauseKind.SERVICE, name=Role.MATCHING)
# Steps for which matching hands a task to a worker.
_OF_MATCHING = {CanaryStep.WORKFLOW_TASK, CanaryStep.ACTIVITY}
_NAMED = 5


def check(inputs: RuleInputs) -> list[RuleResult]:
    """No result without a look: a look that fails says nothing about the cluster."""
    probe = inputs.snapshot.probe
    if probe is None:
        return []
    results = [
        _calls(RuleName.FRONTEND_SILENT, Severity.STRESSED, probe.frontend, FRONTEND),
        _calls(RuleName.STORE_SILENT, Severity.CRITICAL, probe.store, PERSISTENCE),
    ]
    if probe.canary:
        results += _canaries(inputs, probe, probe.canary)
    return results


def _calls(name: RuleName, severity: Severity, reason: str, cause: Cause) -> RuleResult:
    return apply_limit(
        name,
        Stage.STUCK,
        severity,
        Reading.of(1 if reason else 0),
        0,
        signal="probe_failed",
        detail=reason,
        cause=cause,
    )


def _canaries(inputs: RuleInputs, probe: Probe, report: CanaryReport) -> Iterator[RuleResult]:
    # Neither the frontend nor the store answers: the canaries say nothing more.
    heard = not probe.frontend and not probe.store
    taken = probe.store_seconds
    slow = taken is None or taken > inputs.thresholds.slow_store_seconds
    yield apply_limit(
        RuleName.CANARY_LOST,
        Stage.STUCK,
        # With a slow store a canary takes a minute: the cluster crawls, and does not stand still.
        Severity.STRESSED if slow else Severity.CRITICAL,
        Reading.of(len(report.late)),
        0,
        signal="canaries_late",
        armed=report.fails and heard,
        unit="canaries",
        detail=_where(report),
        cause=PERSISTENCE if slow else _holder(report),
    )
    if heard and not slow and not report.fails:
        yield from _stuck_shards(inputs, report)
    if report.visibility:
        yield _calls(RuleName.CANARY_NOT_LISTED, Severity.STRESSED, report.visibility, VISIBILITY)
    if report.problem:
        yield apply_limit(
            RuleName.CANARY_UNABLE,
            Stage.STUCK,
            Severity.NOTICE,
            Reading.of(1),
            0,
            signal="canary_problem",
            detail=report.problem,
        )


def _stuck_shards(inputs: RuleInputs, report: CanaryReport) -> Iterator[RuleResult]:
    """Other shards work, so the store and the services do, unless an instance of history died."""
    history = inputs.snapshot.metrics.instances.get(Role.HISTORY, ())
    moving = any(instance.is_down for instance in history)
    limits = inputs.thresholds
    limit = limits.shard_moving_seconds if moving else limits.shard_stuck_seconds
    # Where canaries of all shards take long, a late one says nothing about its shard.
    limit = max(limit, limits.shard_stuck_ratio * inputs.now.canary_seconds)
    for late in report.late[:_NAMED]:
        shard = f"shard {late.shard}"
        waits = f"a canary waits there for its {late.step.replace('_', ' ')}"
        yield apply_limit(
            RuleName.SHARD_STUCK,
            Stage.STUCK,
            Severity.STRESSED,
            Reading.of(late.seconds),
            limit,
            signal="canary_seconds",
            unit="s",
            subject=shard,
            detail=f"{waits}: {late.detail}" if late.detail else waits,
            cause=HISTORY if moving else Cause(kind=CauseKind.SHARDS, name=shard),
        )


def _holder(report: CanaryReport) -> Cause:
    waits_for_matching = all(one.step in _OF_MATCHING for one in report.late)
    return MATCHING if report.late and waits_for_matching else HISTORY


def _where(report: CanaryReport) -> str:
    waiting = [f"shard {one.shard} for its {one.step}" for one in report.late[:_NAMED]]
    return f"canaries wait on {', '.join(waiting)}".replace("_", " ") if waiting else ""
