"""Can the cluster be observed at all? A fired rule here makes the state unknown."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.membership import EXCESS, NAMESPACES, owned_by_instances
from copilot.health.rules.rule import RuleInputs
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S

_REMEDY = "see the labels' matcher and the metrics store's headers (docs/existing-clusters.md)"
_NAMED = 5
LABELS = "labels"
"""The subject of a metrics store whose series are not of this cluster alone."""


def check(inputs: RuleInputs) -> list[RuleResult]:
    metrics = inputs.snapshot.metrics
    if metrics.source_absence:
        reading = Reading.missing(metrics.source_absence, metrics.source_detail)
        return [_view("up", reading, "metrics store")]
    if reason := _of_other_clusters(inputs):
        return [_view("up", Reading.missing(Absence.BAD_ANSWER, reason), LABELS)]
    scrapes = f"scrapes of {inputs.snapshot.cluster}"
    targets = {role: inputs.target(role) for role in Role}
    if all(target.is_missing for target in targets.values()):
        return [_view("up", targets[Role.FRONTEND], scrapes)]
    # All targets down may be a broken scrape: the frontend's own answer is the second source.
    failing = (target.value == 0 or inputs.unscraped(role) for role, target in targets.items())
    if all(failing) and inputs.snapshot.queues.absence is None:
        detail = "every target's `up` is 0 while the frontend answers on its own port"
        return [_view("up", Reading.missing(Absence.REFUSED, detail), scrapes)]
    progress = [inputs.reading(S.STATE_TRANSITIONS_RATE), inputs.reading(S.HISTORY_TASK_RATE)]
    history = targets[Role.HISTORY]
    gone = all(reading.is_missing for reading in progress) and history.value != 0
    reading = history if gone and history.is_missing else progress[0]
    return [_view(S.STATE_TRANSITIONS_RATE, reading, "signals of progress", fired=gone)]


def _of_other_clusters(inputs: RuleInputs) -> str:
    """Why the series are not this cluster's alone; empty where nothing says so.

    While shards move, two instances may count the same one, and a namespace may have been deleted a
    minute ago: such a contradiction has to last, but for a cluster that has no verdict yet.
    """
    snapshot = inputs.snapshot
    owned, shards = owned_by_instances(snapshot), snapshot.shards
    one_cluster = owned is not None and shards and owned <= shards
    if snapshot.metrics.identities and not one_cluster:
        found = ", ".join(snapshot.metrics.identities[:_NAMED])
        return f"the metrics are of several clusters: instances of one role have {found}; {_REMEDY}"
    if _lasts(inputs, EXCESS):
        return (
            f"the metrics are not of this cluster alone: instances own {owned:g} history shards,"
            f" and by its frontend the cluster has {shards}; {_REMEDY}"
        )
    if _lasts(inputs, NAMESPACES):
        found = ", ".join(snapshot.foreign_namespaces[:_NAMED])
        return (
            "the metrics are of another cluster: workflows end in namespaces that the frontend"
            f" does not have: {found}; {_REMEDY}"
        )
    return ""


def _lasts(inputs: RuleInputs, name: str) -> bool:
    cycles = inputs.now.outside_ring.get(name, 0)
    if inputs.memory.standing is None:
        return cycles > 0
    return cycles >= inputs.thresholds.shards_unowned_cycles


def _view(signal: str, reading: Reading, source: str, *, fired: bool = True) -> RuleResult:
    return RuleResult(
        name=RuleName.VIEW,
        stage=Stage.NO_VIEW,
        severity=Severity.BLIND,
        signal=signal,
        subject=source,
        fired=fired,
        observed=reading.value,
        absence=reading.absence,
        fires_when="missing",
        detail=reading.detail,
        cause=Cause(kind=CauseKind.SOURCE, name=source),
    )
