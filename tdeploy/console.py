"""What commands print: answers to standard output, progress and errors to standard error.

Rich is loaded only by what draws with it, because `tdeploy --help` has to be quick. It leaves
colours away where NO_COLOR is set or nobody watches.
"""

import json
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from tdeploy.errors import NoError, TdeployError

if TYPE_CHECKING:
    from rich.console import Console

AS_JSON = "--json"
"""The option of every command that can answer so."""
_whole_answers: list[str] = []


@cache
def console() -> "Console":
    """The console for answers."""
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, soft_wrap=True, markup=False)


@cache
def side_console() -> "Console":
    """The console for progress and everything else that is not the answer."""
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, soft_wrap=True, markup=False, stderr=True)


def say(text: str) -> None:
    """Print a line of the answer."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print a line that is not part of the answer."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def say_json(value: object) -> None:
    """Print the whole answer as JSON; a Pydantic model is dumped by its caller."""
    _whole_answers.append(json.dumps(value, indent=2, default=str))
    say(_whole_answers[-1])


def say_json_line(value: object) -> None:
    """Print a line of an answer that is a JSON value a line."""
    say(json.dumps(value, default=str))


def say_failure(message: str) -> None:
    """Where JSON was asked for, print it as that, unless the answer is there and whole."""
    if AS_JSON in sys.argv[1:] and not _whole_answers:
        say_json_line({"error": message})


def say_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with a column as wide as its longest cell."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for cells in (columns, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        say(line.rstrip())


def require_yes(question: str, *, yes: bool) -> None:
    """Ask, unless `yes` answers already. Raises NoError, or TdeployError where nobody can answer.

    The question ends without a question mark; it says what happens.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise TdeployError(f"{question}: nobody is there to be asked, so say it with --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise NoError("nothing was changed")
