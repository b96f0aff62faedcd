"""What a rule reads, and how one limit is applied to one reading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from copilot.health.decision import (
    Cause,
    CauseKind,
    Memory,
    RuleName,
    RuleResult,
    Severity,
    Stage,
)
from copilot.health.demand import accepted_starts
from copilot.health.thresholds import Thresholds, TierLimits
from copilot.health.usual import Usual
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import Snapshot

PERSISTENCE = Cause(kind=CauseKind.PERSISTENCE, name="persistence")
VISIBILITY = Cause(kind=CauseKind.VISIBILITY, name="visibility store")
HISTORY = Cause(kind=CauseKind.SERVICE, name=Role.HISTORY)
FRONTEND = Cause(kind=CauseKind.SERVICE, name=Role.FRONTEND)
SHARDS = Cause(kind=CauseKind.SHARDS, name="history shards")


@dataclass(frozen=True)
class RuleInputs:
    """One snapshot, the limits for the cluster's scale, and the memory of earlier cycles.

    `now` is the memory with this cycle.
    """

    snapshot: Snapshot
    memory: Memory
    thresholds: Thresholds
    limits: TierLimits
    now: Memory

    def reading(self, name: SignalName) -> Reading:
        reading = self.snapshot.metrics.readings.get(name)
        return reading or Reading.missing(Absence.NO_SERIES, "not measured in this cycle")

    def newest(self, name: SignalName) -> Reading | None:
        """The signal over the newest scrapes alone; None where it is not known."""
        return self.snapshot.metrics.newest.get(name)

    def measures(self, *names: SignalName) -> bool:
        """False in a snapshot of an earlier version, which knew one of these signals not yet."""
        return all(name in self.snapshot.metrics.readings for name in names)

    @cached_property
    def demand(self) -> Reading:
        """Accepted starts a second."""
        return accepted_starts(self.snapshot)

    @cached_property
    def lately(self) -> Usual | None:
        """What is usual by the trailing cycles; None while they are too few."""
        return Usual.lately(self.memory, self.thresholds)

    @property
    def lasting_demand(self) -> float:
        """The lower demand of two cycles.

        A counter that has just appeared has no rate yet, and the frontend may be scraped before the
        history service that answers the same first requests.
        """
        return min(self.demand.value or 0.0, *(self.memory.demand_rates[-1:] or (0.0,)))

    def derived(self, compute: Callable[..., float], *names: SignalName) -> Reading:
        """`compute` over the values of `names`; absent for the first reason among them."""
        return computed(compute, [self.reading(name) for name in names])

    def derived_newest(self, compute: Callable[..., float], *names: SignalName) -> Reading | None:
        """`derived`, over the newest scrapes alone."""
        readings = [reading for name in names if (reading := self.newest(name))]
        return computed(compute, readings) if len(readings) == len(names) else None

    def target(self, role: Role) -> Reading:
        """The highest `up` of the role's instances: 0 when all are down.

        One that was down and answers again has until the next cycle to be scraped.
        """
        if role in self.memory.roles_down and self.unscraped(role):
            return Reading(value=0, detail="answers again, but was not scraped yet")
        reading = self.snapshot.metrics.targets.get(role)
        return reading or Reading.missing(Absence.NO_SERIES, "no `up` series")

    def unscraped(self, role: Role) -> tuple[str, ...]:
        """The role's instances that run, although their scrapes fail."""
        instances = self.snapshot.metrics.instances.get(role, ())
        return tuple(one.name for one in instances if one.is_unscraped)


def computed(compute: Callable[..., float], readings: Sequence[Reading]) -> Reading:
    """`compute` over the values of readings; absent for the first reason among them."""
    for reading in readings:
        if reading.absence:
            return reading
    return Reading.of(compute(*(reading.value for reading in readings)))


ENDED_SHARE = 0.5
"""Of a limit: far enough below it that a value near the limit does not come and go."""


def share_of_requests(failed: float, requests: float) -> float:
    """The failed share; the two counters may be a scrape apart."""
    return failed / max(requests, failed) if failed else 0.0


def apply_limit(
    name: RuleName,
    stage: Stage,
    severity: Severity,
    reading: Reading,
    threshold: float,
    *,
    newest: Reading | None = None,
    signal: str,
    fires_when: Literal["above", "below"] = "above",
    armed: bool = True,
    unit: str = "",
    subject: str = "",
    detail: str = "",
    cause: Cause | None = None,
) -> RuleResult:
    """Compare one reading with one limit; a rule that is not `armed` cannot fire.

    Nor can one whose trouble has ended by `newest`, the same over the newest scrapes: the windows
    of errors and latencies still have it for minutes.
    """
    value = reading.value
    beyond = value is not None and (
        value > threshold if fires_when == "above" else value < threshold
    )
    if beyond and newest and newest.value is not None and newest.value < ENDED_SHARE * threshold:
        beyond, detail = False, f"ended: {newest.value:.3g} by the newest scrapes"
    return RuleResult(
        name=name,
        stage=stage,
        severity=severity,
        signal=signal,
        subject=subject,
        fired=armed and beyond,
        observed=value,
        absence=reading.absence,
        threshold=threshold,
        fires_when=fires_when,
        unit=unit,
        detail=detail or reading.detail,
        cause=cause,
    )
