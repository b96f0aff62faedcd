"""Causes in the order of what causes what: the root comes first."""

from collections.abc import Iterable

from copilot.health.decision import CauseKind, RuleName, RuleResult
from copilot.signals.roles import Role

# A dead process explains lag and errors of the others; a database that fails explains also why a
# process does not come back.
_ROOTS = (
    RuleName.SHARD_STUCK,  # others work, so the store does
    RuleName.STORE_SILENT,
    RuleName.PERSISTENCE_ERRORS,
    RuleName.STORE_WRITES,
    RuleName.SERVICE_DOWN,
    RuleName.INSTANCES_DOWN,
    RuleName.MEMBERSHIP,
)
# A request passes the frontend first, but each service waits for the ones before it in this order.
_SERVICES = (Role.HISTORY, Role.MATCHING, Role.FRONTEND, Role.WORKER)
_KINDS = (
    CauseKind.SOURCE,
    CauseKind.PERSISTENCE,
    CauseKind.SHARDS,
    CauseKind.SERVICE,
    CauseKind.NAMESPACE,
    CauseKind.VISIBILITY,
    CauseKind.VERSION,
    CauseKind.QUEUE,
    CauseKind.WORKFLOW_TYPE,
)
# What workers, limits or failing workflows cause as well: blames a service only when nothing else
# explains it.
_SYMPTOMS = (RuleName.PROGRESS_DROP, RuleName.COMPLETIONS_GONE)


def root_first(results: Iterable[RuleResult]) -> list[RuleResult]:
    """Results of fired rules by cause, in their own order where the causes are alike."""
    return sorted(results, key=_rank)


def _rank(result: RuleResult) -> tuple[int, int, int]:
    cause = result.cause
    kind = _KINDS.index(cause.kind) if cause else len(_KINDS)
    service = _SERVICES.index(Role(cause.name)) if cause and cause.kind is CauseKind.SERVICE else 0
    if result.name in _ROOTS:
        return _ROOTS.index(result.name), kind, service
    return len(_ROOTS) + (result.name in _SYMPTOMS), kind, service
