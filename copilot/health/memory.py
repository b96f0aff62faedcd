"""What one cycle adds to the memory: what is usual for this cluster, and what runs on."""

from collections.abc import Collection

from copilot.health.backlogs import backlog_courses, dispatch_rates
from copilot.health.decision import FailingRun, Memory, RuleName, RuleResult
from copilot.health.demand import accepted_starts, value_of
from copilot.health.failures import failed_for_good, outcomes_for_good
from copilot.health.membership import outside_ring
from copilot.health.store_faults import refuses_writes
from copilot.health.thresholds import Thresholds
from copilot.health.tiers import next_tier
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot

_MAX_TYPES = 100
# A fault that fires one of these must not become usual.
_UNUSUAL = {RuleName.PROGRESS_GONE, RuleName.COMPLETIONS_GONE, RuleName.COMPLETIONS}


def remember(previous: Memory, snapshot: Snapshot, thresholds: Thresholds) -> Memory:
    """Add this cycle's rates to the trailing ones; a missing reading adds nothing."""
    updates, demand = value_of(snapshot, S.STATE_TRANSITIONS_RATE), accepted_starts(snapshot)
    changes: dict[str, object] = {"cycle": previous.cycle + 1, "at": snapshot.at}
    if updates is not None and demand.value is not None:
        keep = thresholds.trailing_cycles
        rates = (*previous.update_rates, max(0.0, updates))[-keep:]
        changes["update_rates"] = rates
        changes["demand_rates"] = (*previous.demand_rates, max(0.0, demand.value))[-keep:]
        changes["band"] = next_tier(previous.band, rates, thresholds)
        changes |= _trailing(previous, snapshot, keep)
    changes["half_down"] = {
        role: previous.half_down.get(role, 0) + 1
        for role, instances in snapshot.metrics.instances.items()
        if instances and 2 * sum(one.is_down for one in instances) == len(instances)
    }
    roles = {role for role, up in snapshot.metrics.targets.items() if up.value is not None}
    seen = roles.union(previous.roles_seen)
    changes["roles_seen"] = tuple(role for role in Role if role in seen)
    changes["roles_down"] = tuple(
        role for role in Role if role in roles and snapshot.metrics.targets[role].value == 0
    )
    changes["never_up"] = _never_up(previous, snapshot)
    changes["unanswered_queues"] = {
        key.label: previous.unanswered_queues.get(key.label, 0) + 1
        for key in snapshot.queues.unanswered
    }
    changes["outside_ring"] = {
        name: previous.outside_ring.get(name, 0) + 1 for name in outside_ring(snapshot, thresholds)
    }
    refused = refuses_writes(snapshot, thresholds)
    changes["writes_refused"] = previous.writes_refused + 1 if refused else 0
    changes["failing_types"] = _failing_types(previous, snapshot)
    changes["backlogs"] = backlog_courses(previous, snapshot, thresholds)
    changes["dispatch_rates"] = dispatch_rates(previous, snapshot, thresholds)
    canary = snapshot.probe.canary if snapshot.probe else None
    if canary and (canary.late or canary.fails):
        changes["canary_passed"] = None
    elif canary and canary.passed:
        changes["canary_passed"] = snapshot.at
    if canary and canary.passed:
        changes["canary_seconds"] = sum(canary.steps.values())
    return previous.model_copy(update=changes)


def keep_usual(
    previous: Memory, memory: Memory, results: Collection[RuleResult], thresholds: Thresholds
) -> Memory:
    """`memory`, with the trailing rates of `previous` while this cycle is not a usual one."""
    known = len(previous.update_rates) >= thresholds.drop_min_cycles
    unusual = known and any(result.fired and result.name in _UNUSUAL for result in results)
    if not unusual or previous.unusual_run >= thresholds.trailing_cycles:
        return memory if not memory.unusual_run else memory.model_copy(update={"unusual_run": 0})
    return memory.model_copy(
        update={
            "update_rates": previous.update_rates,
            "demand_rates": previous.demand_rates,
            "signal_rates": previous.signal_rates,
            "completion_rates": previous.completion_rates,
            "completion_ratios": previous.completion_ratios,
            "unusual_run": previous.unusual_run + 1,
        }
    )


def _trailing(previous: Memory, snapshot: Snapshot, keep: int) -> dict[str, object]:
    changes: dict[str, object] = {}
    signals = value_of(snapshot, S.SIGNAL_REQUEST_RATE) or 0.0
    changes["signal_rates"] = (*previous.signal_rates, max(0.0, signals))[-keep:]
    done = value_of(snapshot, S.WORKFLOW_SUCCESS_RATE)
    failed = failed_for_good(snapshot).value
    if done is not None and failed is not None:
        changes["completion_rates"] = (*previous.completion_rates, done + failed)[-keep:]
        if done + failed > 0:
            ratios = (*previous.completion_ratios, done / (done + failed))
            changes["completion_ratios"] = ratios[-keep:]
    return changes


def _never_up(previous: Memory, snapshot: Snapshot) -> dict[str, int]:
    """Count this cycle for each role that is down and was never up."""
    counts = dict(previous.never_up)
    for role, up in snapshot.metrics.targets.items():
        if up.value == 0 and (role in counts or role not in previous.roles_seen):
            counts[role] = counts.get(role, 0) + 1
        elif up.value:
            counts.pop(role, None)
    return counts


def _failing_types(previous: Memory, snapshot: Snapshot) -> dict[str, FailingRun]:
    """Failures since the last success, by the rates of the short window times the cycle."""
    runs = dict(previous.failing_types)
    seconds = (snapshot.at - previous.at).total_seconds() if previous.at else 0.0
    for outcome in outcomes_for_good(snapshot):
        name = f"{outcome.workflow_type} on {outcome.namespace}/{outcome.task_queue}"
        if outcome.success_rate > 0:
            runs.pop(name, None)
        elif outcome.failed_rate > 0:
            before = runs[name].count if name in runs else 0.0
            count = before + outcome.failed_rate * max(0.0, seconds)
            runs[name] = FailingRun(count=count, last=snapshot.at)
    newest = sorted(runs.items(), key=lambda one: one[1].last, reverse=True)[:_MAX_TYPES]
    return dict(newest)
