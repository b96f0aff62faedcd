"""The catalogue for people: docs/signals.md."""

from collections.abc import Iterator
from itertools import groupby

from copilot.signals.catalog import CATALOG
from copilot.signals.signal import Kind, Signal

_HEAD = """# Signals

Written by `copilot.signals.reference`; a test holds it. Every query has the label matcher of one
cluster in each selector (`$cluster`), and windows that are settings: `$short` for rates and
gauges, `$long` for quantiles. Metric names are those of Temporal server 1.31.0 with
`framework: opentelemetry` and default suffixes. Workers' metrics are those that the SDKs share;
a worker shows them when its runtime has a Prometheus endpoint that the metrics store scrapes with
the label `cluster`.
"""
# A bar in a cell, also within code.
BAR = "\\|"
_SECTIONS = {
    Kind.PRIMARY: "Primary: gates read these, and they alone decide",
    Kind.DEMAND: "Demand: tells quiet from stuck",
    Kind.SYSTEM: "Retention: work without progress of workflows",
    Kind.AMPLIFIER: "Amplifiers: say why, and decide nothing",
    Kind.WORKER: "Workers: say why, and decide nothing",
}


def as_markdown() -> str:
    """Every signal with its meaning, what its absence says, and its query."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind, signals in groupby(CATALOG, key=lambda signal: signal.kind):
        yield f"## {_SECTIONS[kind]}\n"
        yield "| Signal | Unit | Meaning | Absent means | Query |"
        yield "|---|---|---|---|---|"
        yield from map(_row, signals)
        yield ""


def _row(signal: Signal) -> str:
    number = f"{signal.number}: " if signal.number else ""
    absent = signal.absence_means
    if signal.absent_when_healthy:
        absent += f" ({signal.absent_when_healthy})"
    name, query = f"{number}`{signal.name}`", f"`{signal.promql}`"
    cells = (name, signal.unit, signal.meaning, absent, query)
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"
