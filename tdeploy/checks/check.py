"""The result of a check."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """A finding, and its fix, "" if none is needed.

    The state is unknown if the check could not be made; the finding then says why.
    """

    name: str
    state: Literal["ok", "warning", "wrong", "unknown"]
    finding: str
    fix: str = ""


def wrong(name: str, problem: str) -> Check:
    """A check that failed. `problem` has the fix after its first colon."""
    finding, _, fix = problem.partition(": ")
    return Check(name, "wrong", finding, fix)


def wrong_or_ok(name: str, problems: Iterable[str], finding: str) -> Iterator[Check]:
    """A failed check for each problem; if there is none, one that is ok with this finding."""
    checks = [wrong(name, problem) for problem in problems]
    yield from checks or [Check(name, "ok", finding)]


def unknown(names: Iterable[str], reason: str) -> Iterator[Check]:
    """Checks that could not be made."""
    for name in names:
        yield Check(name, "unknown", f"not checked: {reason}")
