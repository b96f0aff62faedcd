"""Demand: work that was accepted, not what was requested."""

from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot


def accepted_starts(snapshot: Snapshot) -> Reading:
    """Starts a second, without those that were refused or that found their workflow running.

    Missing when the start requests are. What was not accepted counts only where it is known, so
    that snapshots of earlier versions still have a demand.
    """
    requests = snapshot.metrics.readings.get(S.START_REQUEST_RATE)
    if requests is None:
        return Reading.missing(Absence.NO_SERIES, "not measured in this cycle")
    if requests.value is None:
        return requests
    not_accepted = (S.START_REFUSED_RATE, S.START_DEDUPLICATED_RATE)
    taken_off = sum(max(0.0, value_of(snapshot, name) or 0.0) for name in not_accepted)
    return Reading.of(max(0.0, requests.value - taken_off))


def value_of(snapshot: Snapshot, name: S) -> float | None:
    reading = snapshot.metrics.readings.get(name)
    return reading.value if reading else None
