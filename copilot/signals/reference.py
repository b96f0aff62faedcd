"""docs/signals.md, written from the catalogue: `python -m copilot.signals.reference`."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from copilot.signals.catalog import CATALOG
from copilot.signals.signal import Kind, Signal
from copilot.signals.style import OPENTELEMETRY

_HEAD = """# Signals

Written by `python -m copilot.signals.reference`; a test compares it. Every selector has the label
matchers of one cluster (`$cluster`); `$target` are the labels that tell targets apart, `job` and
`instance` unless [labels are mapped](existing-clusters.md); `$role` is the label that tells a
target's role, and `$roles` matches its values. Windows are settings, `$short` for rates and gauges,
`$long` for quantiles. Metric names are those of Temporal server 1.31.0 with
`framework: opentelemetry` and default suffixes. Workers' metrics are those that the SDKs share; a
worker exports them when its runtime has a Prometheus endpoint that the metrics store scrapes with
the labels of the cluster.

The server's names may be in another style, which is found from `persistence_requests`,
`persistence_latency` and `state_transition_count`:
- counters with `_total`, or without;
- times with `_milliseconds`, with `_seconds`, or with no ending: then the bounds of the buckets
  tell the unit;
- histograms of numbers with `_ratio`, or without;
- any prefix (`global.metrics.prefix`);
- histograms with buckets, or native ones;
- the label `namespace`, or `exported_namespace` where a scrape gives `namespace` to the pod's.

Where neither counters nor times have an ending, as by the server's default, label values may have
`_` instead of other characters than letters and digits. A cluster whose names are in two styles at
once, or in none of these, is `unknown`.
"""
ESCAPED_BAR = "\\|"
_SECTIONS = {
    Kind.PRIMARY: "Primary: rules read these and decide",
    Kind.DEMAND: "Demand: tells quiet from stuck",
    Kind.SYSTEM: "Retention: work without progress of workflows",
    Kind.CONTRIBUTING: "Contributing: explain, and decide nothing",
    Kind.WORKER: "Workers: explain, and decide nothing",
}


def as_markdown() -> str:
    """Every signal with its meaning, the meaning of its absence, and its query."""
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
    name, query = f"{number}`{signal.name}`", f"`{OPENTELEMETRY.write(signal.query.promql)}`"
    cells = (name, signal.unit, signal.meaning, absent, query)
    return f"| {' | '.join(cell.replace('|', ESCAPED_BAR) for cell in cells)} |"


if __name__ == "__main__":
    Path("docs/signals.md").write_text(as_markdown(), encoding="utf-8")
