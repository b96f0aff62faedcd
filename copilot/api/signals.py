"""Signals of a cycle with the catalogue's words."""

from copilot.api.responses import SignalReading
from copilot.record import CycleRecord
from copilot.signals.catalog import BY_NAME, CATALOG
from copilot.signals.names import SignalName
from copilot.signals.signal import CONDITION_MEANS
from copilot.signals.snapshot import Absence, Reading

NOT_READ = Reading.missing(Absence.NO_SERIES, "no cycle has read it yet")


def primary_signals(record: CycleRecord | None) -> tuple[SignalReading, ...]:
    """Every signal that gates may read, in its order; demand and retention come last."""
    return tuple(signal_reading(s.name, record) for s in CATALOG if not s.explains)


def amplifiers(record: CycleRecord | None) -> tuple[SignalReading, ...]:
    """Every signal that only explains: the server's, then those of users' workers."""
    return tuple(signal_reading(s.name, record) for s in CATALOG if s.explains)


def signal_reading(name: SignalName, record: CycleRecord | None) -> SignalReading:
    """One signal as the cycle read it; missing when it did not."""
    reading = record.snapshot.metrics.readings.get(name, NOT_READ) if record else NOT_READ
    signal = BY_NAME[name]
    return SignalReading(
        name=name,
        title=signal.title,
        unit=signal.unit,
        kind=signal.kind,
        condition=signal.condition,
        meaning=signal.meaning,
        value=reading.value,
        absence=reading.absence,
        detail=CONDITION_MEANS[signal.condition]
        if reading.absence is Absence.NOT_EXPORTED
        else reading.detail,
    )
