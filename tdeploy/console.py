"""Output of the commands: answers on standard output, progress and errors on standard error."""

import json
import sys
from collections.abc import Sequence

from tdeploy.errors import NoError, TdeployError

AS_JSON = "--json"
"""The option of every command that can answer in JSON."""
_documents: list[str] = []


def print_out(text: str) -> None:
    """Print a line of the answer."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_err(text: str) -> None:
    """Print a line that is not part of the answer."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def print_json(value: object) -> None:
    """Print the whole answer as one JSON document. Dump a Pydantic model before."""
    _documents.append(json.dumps(value, indent=2, default=str))
    print_out(_documents[-1])


def print_json_line(value: object) -> None:
    """Print one line of an answer in JSON lines."""
    print_out(json.dumps(value, default=str))


def print_json_error(message: str) -> None:
    """Print an error as JSON if --json is given and no document has been printed."""
    if AS_JSON in sys.argv[1:] and not _documents:
        print_json_line({"error": message})


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with each column as wide as its longest cell."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for cells in (columns, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print_out(line.rstrip())


def confirm(consequence: str, *, yes: bool) -> None:
    """Ask whether to go on, unless `yes` is set. `consequence` is a clause without a full stop.

    Raises NoError for any answer but yes, and TdeployError if stdin is not a terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise TdeployError(f"{consequence}: stdin is not a terminal; pass --yes to confirm")
    sys.stderr.write(f"{consequence} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise NoError("nothing was changed")
