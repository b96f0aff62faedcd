"""Roles, instances and shards that are up and outside the ring of members."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.membership import SHARDS as ALL_SHARDS
from copilot.health.membership import unowned, unreachable, without_shards
from copilot.health.rules.rule import SHARDS, RuleInputs, apply_limit
from copilot.signals.reading import Reading
from copilot.signals.roles import Role


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result for each; each has to last for some cycles."""
    if not inputs.now.outside_ring:
        return []
    return [*_unreachable(inputs), *_without_shards(inputs), *_unowned(inputs)]


def _unreachable(inputs: RuleInputs) -> list[RuleResult]:
    thresholds, logs = inputs.thresholds, inputs.snapshot.logs
    counts = logs.counts if logs else ()
    lines = sum(one.count for one in counts if one.pattern == "role_without_members")
    logged = f"; {lines} lines say that the ring has no such member" if lines else ""
    return [
        apply_limit(
            RuleName.MEMBERSHIP,
            Stage.DOWN,
            Severity.STRESSED,
            Reading.of(min(1.0, calls.unavailable_rate / calls.rate)),
            thresholds.unreachable_share,
            signal="unavailable_call_ratio",
            armed=_cycles(inputs, calls.role) >= thresholds.unreachable_cycles,
            unit="ratio",
            subject=calls.role,
            detail=f"{calls.unavailable_rate:.1f} of {calls.rate:.1f} calls/s to it find no"
            f" member, and it is up{logged}",
            cause=Cause(kind=CauseKind.SERVICE, name=calls.role),
        )
        for calls in unreachable(inputs.snapshot, thresholds)
    ]


def _without_shards(inputs: RuleInputs) -> list[RuleResult]:
    """A notice; stressed when half of the instances that are up own no shard."""
    thresholds = inputs.thresholds
    found = without_shards(inputs.snapshot, thresholds)
    instances = inputs.snapshot.metrics.instances.get(Role.HISTORY, ())
    many = 2 * len(found) >= sum(instance.up for instance in instances)
    return [
        apply_limit(
            RuleName.MEMBERSHIP,
            Stage.DOWN,
            Severity.STRESSED if many else Severity.NOTICE,
            Reading.of(0),
            1,
            signal="owned_shards",
            fires_when="below",
            armed=_cycles(inputs, name) >= thresholds.shards_unowned_cycles,
            unit="shards",
            subject=name,
            detail="the other instances of history own all shards",
            cause=SHARDS,
        )
        for name in sorted(found)
    ]


def _unowned(inputs: RuleInputs) -> list[RuleResult]:
    missing = unowned(inputs.snapshot)
    if not missing:
        return []
    return [
        apply_limit(
            RuleName.MEMBERSHIP,
            Stage.DOWN,
            Severity.STRESSED,
            Reading.of(missing),
            0,
            signal="unowned_shards",
            armed=_cycles(inputs, ALL_SHARDS) >= inputs.thresholds.shards_unowned_cycles,
            unit="shards",
            subject="history shards",
            detail="no instance of history owns them",
            cause=SHARDS,
        )
    ]


def _cycles(inputs: RuleInputs, name: str) -> int:
    return inputs.now.outside_ring.get(name, 0)
