"""Signals of a cycle with their description from the catalogue."""

from pydantic import FiniteFloat

from copilot.signals.catalog import BY_NAME, CATALOG
from copilot.signals.reading import Absence, Frozen, Reading
from copilot.signals.signal import CONDITION_MEANS, Condition, Kind
from copilot.signals.signal_names import SignalName
from copilot.store.records import CycleRecord

NOT_READ = Reading.missing(Absence.NO_SERIES, "no cycle has read it yet")


class SignalValue(Frozen):
    """One signal of the last cycle: a value in `unit`, or why there is none.

    `condition` says who exports the signal; unless it is `always`, the absence `not_exported` is
    normal.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    condition: Condition
    meaning: str
    value: FiniteFloat | None
    absence: Absence | None
    detail: str


def primary_signals(record: CycleRecord | None) -> tuple[SignalValue, ...]:
    """Every signal that rules may read, in the catalogue's order."""
    return tuple(signal_value(s.name, record) for s in CATALOG if not s.explains)


def contributing_signals(record: CycleRecord | None) -> tuple[SignalValue, ...]:
    """Every signal that only explains: the server's, then those of users' workers."""
    return tuple(signal_value(s.name, record) for s in CATALOG if s.explains)


def signal_value(name: SignalName, record: CycleRecord | None) -> SignalValue:
    """The signal as the cycle read it; missing when it did not."""
    reading = record.snapshot.metrics.readings.get(name, NOT_READ) if record else NOT_READ
    signal = BY_NAME[name]
    not_exported = reading.absence is Absence.NOT_EXPORTED
    return SignalValue(
        name=name,
        title=signal.title,
        unit=signal.unit,
        kind=signal.kind,
        condition=signal.condition,
        meaning=signal.meaning,
        value=reading.value,
        absence=reading.absence,
        detail=CONDITION_MEANS[signal.condition] if not_exported else reading.detail,
    )
