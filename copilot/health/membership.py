"""What is up and yet seems to be outside the ring of members, in one cycle."""

from copilot.health.demand import value_of
from copilot.health.thresholds import Thresholds
from copilot.signals.measurement import RoleCalls
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot

SHARDS = "shards"
EXCESS = "shards of others"
NAMESPACES = "namespaces of others"


def outside_ring(snapshot: Snapshot, thresholds: Thresholds) -> set[str]:
    """Roles, instances of history, `SHARDS` when shards have no owner, and what is of others."""
    found = {calls.role for calls in unreachable(snapshot, thresholds)}
    found |= without_shards(snapshot, thresholds)
    if unowned(snapshot) > 0:
        found.add(SHARDS)
    if excess(snapshot) > 0:
        found.add(EXCESS)
    if snapshot.foreign_namespaces:
        found.add(NAMESPACES)
    return found


def unreachable(snapshot: Snapshot, thresholds: Thresholds) -> list[RoleCalls]:
    """Roles that are up and that most calls do not reach, while the store works."""
    metrics = snapshot.metrics
    errors = value_of(snapshot, S.PERSISTENCE_ERROR_RATE) or 0.0
    requests = value_of(snapshot, S.PERSISTENCE_REQUEST_RATE) or 0.0
    # A service whose store fails answers as one that is not there.
    if errors > thresholds.persistence_error_ratio_stressed * requests:
        return []
    up = {role for role, target in metrics.targets.items() if target.value == 1}
    return [
        calls
        for calls in metrics.role_calls
        if calls.role in up
        and all(instance.up for instance in metrics.instances.get(calls.role, ()))
        and calls.unavailable_rate >= thresholds.unreachable_floor
        and calls.unavailable_rate > thresholds.unreachable_share * calls.rate
    ]


def without_shards(snapshot: Snapshot, thresholds: Thresholds) -> set[str]:
    """Instances of history that are up and own no shard, while the others own many."""
    owned = {one.instance: one.shards for one in snapshot.metrics.owned_shards}
    up = _history_up(snapshot)
    if sum(owned.values()) < thresholds.shards_per_instance * len(up):
        return set()
    # One that is new has no series yet; only a series says that it owns none.
    return {name for name in up if owned.get(name) == 0}


def unowned(snapshot: Snapshot) -> float:
    """Shards of the cluster that no instance owns; 0 where that is not known."""
    owned = {one.instance: one.shards for one in snapshot.metrics.owned_shards}
    canary = snapshot.probe.canary if snapshot.probe else None
    up = _history_up(snapshot)
    if not canary or not up or not up <= owned.keys():
        return 0.0
    return max(0.0, canary.shards - sum(owned.values()))


def owned_by_instances(snapshot: Snapshot) -> float | None:
    """Shards that the instances of history own that are up; None where that is not known."""
    owned = {one.instance: one.shards for one in snapshot.metrics.owned_shards}
    up = _history_up(snapshot)
    # Series that the store has twice count twice.
    if not up or not up <= owned.keys() or snapshot.metrics.duplicates:
        return None
    return sum(owned[name] for name in up)


def excess(snapshot: Snapshot) -> float:
    """Shards that are owned beyond the cluster's number; 0 where that is not known."""
    owned = owned_by_instances(snapshot)
    if owned is None or not snapshot.shards:
        return 0.0
    return max(0.0, owned - snapshot.shards)


def _history_up(snapshot: Snapshot) -> set[str]:
    instances = snapshot.metrics.instances.get(Role.HISTORY, ())
    return {instance.name for instance in instances if instance.up}
