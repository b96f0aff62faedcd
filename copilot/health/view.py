"""What a gate may read, and how a gate is written down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from copilot.health.decision import Cause, Gate, GateName, Memory, Severity, Stage
from copilot.health.thresholds import BandLimits, Thresholds
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Absence, Reading, Snapshot

ROLES = ("frontend", "history", "matching", "worker")


@dataclass(frozen=True)
class View:
    """One snapshot with the limits that hold for it, and what earlier cycles left."""

    snapshot: Snapshot
    memory: Memory
    thresholds: Thresholds
    limits: BandLimits

    def reading(self, name: SignalName) -> Reading:
        found = self.snapshot.metrics.readings.get(name)
        return found or Reading.missing(Absence.NO_SERIES, "not measured in this cycle")

    def derived(self, compute: Callable[..., float], *names: SignalName) -> Reading:
        """`compute` over the values of `names`; absent for the first reason among them."""
        readings = [self.reading(name) for name in names]
        for reading in readings:
            if reading.absence:
                return reading
        return Reading.of(compute(*(reading.value for reading in readings)))

    def target(self, role: str) -> Reading:
        found = self.snapshot.metrics.targets.get(role)
        return found or Reading.missing(Absence.NO_SERIES, "no `up` series")


def gate(
    name: GateName,
    stage: Stage,
    severity: Severity,
    reading: Reading,
    threshold: float,
    *,
    signal: str,
    fires_when: Literal["above", "below"] = "above",
    armed: bool = True,
    unit: str = "",
    subject: str = "",
    detail: str = "",
    cause: Cause | None = None,
) -> Gate:
    """Apply one limit to one reading. A gate that is not `armed` is read but cannot fire."""
    value = reading.value
    beyond = value is not None and (
        value > threshold if fires_when == "above" else value < threshold
    )
    return Gate(
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


def blind(signal: str, reading: Reading, seen_as: str, *, fired: bool = True) -> Gate:
    """A gate of the first stage: something without which no verdict is possible."""
    return Gate(
        name=GateName.VIEW,
        stage=Stage.NO_VIEW,
        severity=Severity.BLIND,
        signal=signal,
        subject=seen_as,
        fired=fired,
        observed=reading.value,
        absence=reading.absence,
        fires_when="missing",
        detail=reading.detail,
        cause=Cause(kind="source", name=seen_as),
    )
