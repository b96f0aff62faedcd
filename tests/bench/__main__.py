"""`make bench`: costs and detection times of the Copilot, each beside its target.

It runs on a new lab at the default cadence: cycles of 30 s, scrapes of 15 s. The faults and
controls follow each other on one lab, whose Prometheus also evaluates the rules of two rivals;
REPEAT=n repeats the hard faults, HOLD=seconds holds each fault longer than 45 s, and FAULTS=names,
or `hard`, selects some. The stack `local` runs on its own Docker engine, started REPEAT times by
`pulumi up` and by compose in alternation; the corpus is on MiniStack; a large cluster is a
development server with a backfilled Prometheus. ONLY=cost, ONLY=large, ONLY=scale,
ONLY=command, ONLY=corpus, ONLY=stack or ONLY=faults runs one part.

The result is in bench.json; `python -m tests.bench.document` puts it into docs/benchmark.md.
"""

import json
import os
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.errors import LabError
from tests.bench import canary_costs, command, corpus, costs, detection, large, scale, stack
from tests.bench.compose import ComposeError
from tests.bench.figure import Figure
from tests.bench.machine import describe_machine
from tests.bench.running import Report
from tests.bench.summary import figures_of
from tests.bench.tables import controls_table, faults_table
from tools.errors import ToolsError

PARTS = ("cost", "large", "scale", "command", "corpus", "stack", "faults")
RESULT = Path("bench.json")
HOLD_SECONDS = "45"
_console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    # There are no options; --help prints the text above.
    ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    ).parse_args()
    # SIGTERM is like Ctrl-C: child processes end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    only, repeat = os.environ.get("ONLY", ""), int(os.environ.get("REPEAT", "1"))
    faults = [name.strip() for name in os.environ.get("FAULTS", "").split(",") if name.strip()]
    if only and only not in PARTS:
        return _refuse(f"ONLY={only} is not a part: use {', '.join(PARTS)}")
    if unknown := [name for name in faults if name not in detection.names()]:
        return _refuse(f"FAULTS={unknown[0]} is not known: use {', '.join(detection.names())}")
    parts: dict[str, Callable[[Report], list[Figure]]] = {
        "cost": lambda report: costs.measure(report) + canary_costs.measure(report),
        "large": large.measure,
        "scale": scale.measure,
        "command": command.measure,
        "corpus": corpus.measure,
        "stack": partial(stack.measure, repeat=repeat),
    }
    figures: list[Figure] = []
    seen = detection.Results()
    try:
        for name, measure in parts.items():
            if only in ("", name):
                figures += measure(_console.print)
        if only in ("", "faults"):
            hold = float(os.environ.get("HOLD", HOLD_SECONDS))
            seen = detection.measure(_console.print, repeat, hold, faults)
            figures += seen.figures
    except (ComposeError, LabError, ToolsError) as error:
        return _refuse(str(error))
    summary = figures_of(seen.detections, seen.quiets)
    _write(figures, summary, seen)
    figures += summary
    _print_table("faults", faults_table(seen.detections))
    _print_table("controls", controls_table(seen.quiets))
    _console.print(_table(figures))
    _console.print(f"written to {RESULT}")
    if seen.problem:
        return _refuse(f"the faults ended early: {seen.problem}")
    return 0 if all(figure.met for figure in figures) else 1


def _refuse(problem: str) -> int:
    print(f"error: {problem}", file=sys.stderr)  # noqa: T201
    return 2


def _write(figures: Iterable[Figure], summary: Iterable[Figure], seen: detection.Results) -> None:
    result = {
        "machine": describe_machine(),
        "figures": [figure.as_json() for figure in figures],
        "summary": [figure.as_json() for figure in summary],
        "faults": [asdict(one) for one in seen.detections],
        "controls": [asdict(one) for one in seen.quiets],
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "measured", "target", "ratio", "", title="bench")
    for figure in figures:
        table.add_row(*figure.as_row())
    return table


def _print_table(title: str, rows: list[list[str]]) -> None:
    """The first of `rows` is the head."""
    if len(rows) > 1:
        table = Table(*rows[0], title=title)
        for row in rows[1:]:
            table.add_row(*row)
        _console.print(table)


if __name__ == "__main__":
    sys.exit(main())
