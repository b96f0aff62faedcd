"""Panels of signals, with title, unit, description and query from the signal catalogue."""

from itertools import groupby

from copilot.signals.catalog import BY_NAME, CATALOG
from copilot.signals.signal import Kind, Signal
from copilot.signals.signal_names import SignalName
from grafana.dashboard import Panel, Threshold, stat, time_series
from grafana.promql import signal_query

_QUANTILE = ", p"
_UNITS = {"ms": "ms", "s": "s", "MiB": "mbytes", "ratio": "percentunit"}


def signal_panel(*names: SignalName, width: int = 12, title: str = "") -> Panel:
    """A time series of signals with one unit: of one subject, or of several under `title`."""
    signals = [BY_NAME[name] for name in names]
    (unit,) = {signal.unit for signal in signals}
    return time_series(
        title or _subject(signals[0]),
        "\n\n".join(dict.fromkeys(signal.meaning for signal in signals)),
        _grafana_unit(unit),
        *(signal_query(one.name, one.title if title else _legend(one)) for one in signals),
        width=width,
    )


def signal_stat(name: SignalName, *thresholds: Threshold, width: int = 4) -> Panel:
    """The last value of a signal."""
    signal = BY_NAME[name]
    query = signal_query(name, signal.title)
    unit = _grafana_unit(signal.unit)
    return stat(signal.title, signal.meaning, unit, query, width=width, thresholds=thresholds)


def panels_of_kinds(*kinds: Kind) -> tuple[Panel, ...]:
    """One panel for each subject of these kinds, with all its quantiles."""
    signals = (signal for signal in CATALOG if signal.kind in kinds)
    return tuple(
        signal_panel(*(signal.name for signal in group), width=8)
        for _, group in groupby(signals, key=lambda signal: (_subject(signal), signal.unit))
    )


def _grafana_unit(unit: str) -> str:
    """Grafana's name of a catalogue unit, or the unit as a suffix."""
    return _UNITS.get(unit, f"suffix: {unit}")


def _subject(signal: Signal) -> str:
    """The title without its quantile."""
    return signal.title.rsplit(_QUANTILE, 1)[0]


def _legend(signal: Signal) -> str:
    """The quantile, where the title has one, else the title."""
    subject, _, quantile = signal.title.rpartition(_QUANTILE)
    return f"p{quantile}" if subject else signal.title
