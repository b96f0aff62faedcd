"""`make bench`: costs and detection times of the Copilot, each beside its target.

It runs on a new lab at the default cadence: cycles of 30 s, scrapes of 15 s. Each fault runs once,
or REPEAT=n times, on a new lab; its figure is the longest time. The stack `local` runs on its own
Docker engine, started REPEAT times by `pulumi up` and by compose in alternation; the corpus is on
MiniStack. ONLY=cost, ONLY=command, ONLY=corpus, ONLY=stack or ONLY=faults runs one part.
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
from tests.bench.compose import ComposeError
from tests.bench.figure import Figure
from tools.errors import ToolsError

PARTS = ("cost", "command", "corpus", "stack", "faults")
RESULT = Path("bench.json")
_console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    # There are no options; --help prints the text above.
    ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    ).parse_args()
    # SIGTERM is like Ctrl-C: child processes end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    only, repeat = os.environ.get("ONLY", ""), int(os.environ.get("REPEAT", "1"))
    if only and only not in PARTS:
        print(f"error: ONLY={only} is not a part: use {', '.join(PARTS)}", file=sys.stderr)  # noqa: T201
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
            figures += stack.measure(_console.print, repeat)
        if only in ("", "faults"):
            figures += detection.measure(_console.print, repeat)
    except (ComposeError, LabError, ToolsError) as error:
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
