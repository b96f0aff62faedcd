"""Panels of catalogue signals: title, unit, meaning and query are the catalogue's."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from copilot.signals.catalog import BY_NAME, CATALOG
from copilot.signals.names import SignalName
from copilot.signals.signal import Kind, Signal
from grafana.model import Panel, Step, View
from grafana.promql import signal_query

_QUANTILE = ", p"
_UNITS = {"ms": "ms", "s": "s", "MiB": "mbytes", "ratio": "percentunit"}


def signal_panel(*names: SignalName, width: int = 12, title: str = "") -> Panel:
    """The course of signals of one unit: of one subject, or of several under the title given."""
    signals = [BY_NAME[name] for name in names]
    (unit,) = {signal.unit for signal in signals}
    return Panel(
        title=title or _subject(signals[0]),
        description="\n\n".join(dict.fromkeys(signal.meaning for signal in signals)),
        queries=tuple(
            signal_query(signal.name, signal.title if title else _legend(signal))
            for signal in signals
        ),
        unit=_grafana_unit(unit),
        width=width,
    )


def signal_stat(name: SignalName, *steps: Step, width: int = 4) -> Panel:
    """The newest value of a signal."""
    signal = BY_NAME[name]
    return Panel(
        title=signal.title,
        description=signal.meaning,
        view=View.STAT,
        queries=(signal_query(name, signal.title),),
        unit=_grafana_unit(signal.unit),
        width=width,
        height=4,
        steps=steps,
    )


def panels_of_kinds(*kinds: Kind) -> tuple[Panel, ...]:
    """One panel for each subject of the catalogue, with all its quantiles."""
    return tuple(_panels(signal for signal in CATALOG if signal.kind in kinds))


def _grafana_unit(unit: str) -> str:
    """Grafana's form of a unit of the catalogue; one that it does not know stays as it is."""
    return _UNITS.get(unit, f"suffix: {unit}")


def _panels(signals: Iterable[Signal]) -> Iterator[Panel]:
    for _, same in groupby(signals, key=lambda signal: (_subject(signal), signal.unit)):
        yield signal_panel(*(signal.name for signal in same), width=8)


def _subject(signal: Signal) -> str:
    """The title without its quantile."""
    return signal.title.rsplit(_QUANTILE, 1)[0]


def _legend(signal: Signal) -> str:
    """The quantile that sets a line apart from others of its subject, else the title."""
    subject, _, quantile = signal.title.rpartition(_QUANTILE)
    return f"p{quantile}" if subject else signal.title
