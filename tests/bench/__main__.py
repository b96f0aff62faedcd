"""`make bench`: what the Copilot costs and how fast it sees, each beside its target.

Everything runs on a real lab of its own at the default cadence: cycles of 30 s, scrapes of 15 s.
One run a fault on a fresh lab, and the longest is the figure; REPEAT=n makes n runs. The stack
`local` runs on a Docker engine of its own, the corpus goes to MiniStack. ONLY=cost,
ONLY=command, ONLY=corpus, ONLY=stack or ONLY=faults does one part.
"""

import json
import os
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.errors import LabError
from tests.bench import command, corpus, costs, detection, stack
from tests.bench.figure import Figure
from tools.errors import ToolsError

PARTS = ("cost", "command", "corpus", "stack", "faults")
RESULT = Path("bench.json")
_console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    # Everything is said by variables: an option is refused, and help costs no minutes.
    ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    ).parse_args()
    # Being told to end is like Ctrl-C: what was started ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    only, repeat = os.environ.get("ONLY", ""), int(os.environ.get("REPEAT", "1"))
    if only and only not in PARTS:
        print(f"error: ONLY={only} is no part: use {', '.join(PARTS)}", file=sys.stderr)  # noqa: T201
        return 2
    figures: list[Figure] = []
    try:
        if only in ("", "cost"):
            figures += costs.measure(_console.print)
        if only in ("", "command"):
            figures += command.measure(_console.print)
        if only in ("", "corpus"):
            figures += corpus.measure(_console.print)
        if only in ("", "stack"):
            figures += stack.measure(_console.print)
        if only in ("", "faults"):
            figures += detection.measure(_console.print, repeat)
    except (LabError, ToolsError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    RESULT.write_text(json.dumps([figure.as_json() for figure in figures], indent=2) + "\n")
    _console.print(_table(figures))
    _console.print(f"written to {RESULT}")
    return 0 if all(figure.met for figure in figures) else 1


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "measured", "target", "ratio", "", title="bench")
    for figure in figures:
        table.add_row(*figure.as_row())
    return table


if __name__ == "__main__":
    sys.exit(main())
