"""Roles without a running instance, or without some of their instances."""

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, Severity, Stage
from copilot.health.rules.rule import RuleInputs, apply_limit
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role

_HALF = 0.5
_NAMED = 5


def check(inputs: RuleInputs) -> list[RuleResult]:
    """One result a role: its `up` is 0, or its series was there before and is gone.

    And one for each role of which some instances are down, or run without being scraped.
    """
    results = [_service_down(inputs, role) for role in Role]
    for role in Role:
        results += [one for one in (_instances_down(inputs, role), _unscraped(inputs, role)) if one]
    return results


def _instances_down(inputs: RuleInputs, role: Role) -> RuleResult | None:
    """A notice while fewer than half are down, else stressed.

    It is a notice, too, while one of two restarts, and in a cluster's first cycles: its services
    start one after another.
    """
    instances = inputs.snapshot.metrics.instances.get(role, ())
    down = [instance.name for instance in instances if instance.is_down]
    if not down or len(down) == len(instances):
        return None
    share = len(down) / len(instances)
    thresholds = inputs.thresholds
    restarts = len(down) == 1 and inputs.now.half_down.get(role, 0) <= thresholds.half_down_cycles
    starts = inputs.memory.cycle < thresholds.first_up_cycles
    serious = share >= _HALF and not restarts and not starts
    return apply_limit(
        RuleName.INSTANCES_DOWN,
        Stage.DOWN,
        Severity.STRESSED if serious else Severity.NOTICE,
        Reading.of(share),
        0,
        signal="instances_down_ratio",
        unit="ratio",
        subject=role,
        detail=f"{len(down)} of {len(instances)} instances do not answer: "
        + ", ".join(down[:_NAMED]),
        cause=Cause(kind=CauseKind.SERVICE, name=role),
    )


def _unscraped(inputs: RuleInputs, role: Role) -> RuleResult | None:
    """Rules that miss these metrics say so themselves."""
    if not (names := inputs.unscraped(role)):
        return None
    return apply_limit(
        RuleName.INSTANCES_UNSCRAPED,
        Stage.DOWN,
        Severity.NOTICE,
        Reading.of(len(names)),
        0,
        signal="instances_unscraped",
        unit="instances",
        subject=role,
        detail=f"scrapes fail of {', '.join(names[:_NAMED])}, which answer when asked directly",
        cause=Cause(kind=CauseKind.SOURCE, name=f"scrapes of {role}"),
    )


def _unless_starting(inputs: RuleInputs, role: Role) -> Reading:
    """The role's `up`; missing while a role that was never up has time to start.

    The first scrapes of a new cluster come before its services listen.
    """
    target = inputs.target(role)
    memory = inputs.memory
    is_new = role not in memory.roles_seen or role in memory.never_up
    if target.value != 0 or not is_new:
        return target
    if memory.never_up.get(role, 0) >= inputs.thresholds.first_up_cycles:
        return target
    return Reading.missing(Absence.REFUSED, "no scrape of it has succeeded yet; it may be starting")


def _service_down(inputs: RuleInputs, role: Role) -> RuleResult:
    target = _unless_starting(inputs, role)
    if target.value is None and inputs.unscraped(role):
        target = Reading.of(1)  # it runs
    vanished = target.absence is Absence.NO_SERIES and role in inputs.memory.roles_seen
    if vanished:
        detail = "its series vanished while other services are scraped"
    else:
        detail = _shared_processes(inputs, role) if target.value == 0 else ""
    return apply_limit(
        RuleName.SERVICE_DOWN,
        Stage.DOWN,
        Severity.CRITICAL,
        Reading.of(0) if vanished else target,
        1,
        signal="up",
        fires_when="below",
        subject=role,
        detail=detail,
        cause=Cause(kind=CauseKind.SERVICE, name=role),
    )


def _shared_processes(inputs: RuleInputs, role: Role) -> str:
    """Which roles have the same processes: `up` does not tell them apart. Empty without any."""
    instances = inputs.snapshot.metrics.instances
    names = {one.name for one in instances.get(role, ())}
    others = [
        other
        for other in Role
        if names and other is not role and {one.name for one in instances.get(other, ())} == names
    ]
    if not others:
        return ""
    processes = ", ".join(sorted(names)[:_NAMED])
    return f"{processes} has the roles {', '.join(others)}, too, and does not answer"
