"""`python -m tests.bench.document`: puts bench.json into docs/benchmark.json and docs/benchmark.md.

What was measured again replaces what is there; a run on another machine, or of other versions,
replaces everything.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.bench.outcome import Detection, Quiet
from tests.bench.summary import figures_of
from tests.bench.tables import Rows, controls_table, faults_table

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "bench.json"
STORED = ROOT / "docs" / "benchmark.json"
DOCUMENT = ROOT / "docs" / "benchmark.md"
BEGIN = "<!-- what follows is written by `python -m tests.bench.document` -->"
END = "<!-- end -->"
_KEYS = {"figures": "figure", "faults": "fault", "controls": "control"}

Run = Mapping[str, Any]


def main() -> int:
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    merged = merge(stored, json.loads(MEASURED.read_text(encoding="utf-8")))
    STORED.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    DOCUMENT.write_text(with_block(DOCUMENT.read_text(encoding="utf-8"), merged), encoding="utf-8")
    return 0


def merge(stored: Run, measured: Run) -> dict[str, Any]:
    """`measured` in place of what `stored` has of the same figures, faults and controls."""
    machine = dict(measured["machine"])
    date = machine.pop("date")
    if stored.get("machine") != machine:
        stored = {}
    merged: dict[str, Any] = {"machine": machine}
    for part, key in _KEYS.items():
        new = [{**one, "date": date} for one in measured[part]]
        again = {one[key] for one in new}
        merged[part] = [one for one in stored.get(part, ()) if one[key] not in again] + new
    return merged


def with_block(document: str, stored: Run) -> str:
    """The document with the tables of what is stored between BEGIN and END."""
    before, rest = document.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{_block(stored)}\n{END}{after}"


def _block(stored: Run) -> str:
    detections = [Detection(**_without_date(one)) for one in stored["faults"]]
    quiets = [Quiet(**_without_date(one)) for one in stored["controls"]]
    machine = ", ".join(f"{key} {value}" for key, value in stored["machine"].items())
    dates = sorted({one["date"] for part in _KEYS for one in stored[part]})
    summary = [figure.as_row() for figure in figures_of(detections, quiets)]
    rows = [["figure", "measured", "target", "", "load"]]
    rows += [[name, value, target, verdict, ""] for name, value, target, _, verdict in summary]
    rows += [_row(one) for one in stored["figures"]]
    parts = [
        f"Machine: {machine}. Runs: {', '.join(dates)}.",
        _table(rows),
        _table(faults_table(detections)),
        _table(controls_table(quiets)),
    ]
    return "\n\n".join(part for part in parts if part)


def _row(stored: Run) -> list[str]:
    figure = Figure(stored["figure"], stored["value"], stored["unit"], stored["target"])
    name, value, target, _, _ = figure.as_row()
    verdict = "" if figure.target is None else "met" if stored["met"] else "missed"
    return [name, value, target, verdict, f"{stored['load']:.1f}"]


def _table(rows: Rows) -> str:
    """Nothing for a table without rows."""
    if len(rows) < 2:
        return ""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def _without_date(one: Run) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "date"}


if __name__ == "__main__":
    sys.exit(main())
