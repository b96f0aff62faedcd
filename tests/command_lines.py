"""The command lines that a user types, read as they read themselves, without running anything."""

import shlex
from collections.abc import Iterator

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from lab.cli import app as lab
from tdeploy.app import app as tdeploy
from tools.__main__ import app as tools

PROGRAMS = {"tdeploy": tdeploy, "python -m lab": lab, "python -m tools": tools}


def leaves() -> Iterator[tuple[str, TyperCommand]]:
    """Every command that does something, by the words that call it."""
    commands = [(words, get_command(app)) for words, app in PROGRAMS.items()]
    for words, command in commands:
        if isinstance(command, TyperGroup):
            commands += [(f"{words} {name}", below) for name, below in command.commands.items()]
        else:
            assert isinstance(command, TyperCommand)
            yield words, command


def program_of(line: str) -> str | None:
    """Which of the programs a line calls."""
    return next((one for one in PROGRAMS if f"{line} ".startswith(f"{one} ")), None)


def require_known(line: str) -> str:
    """The words of the command that a line calls, of a group where it names no more.

    Raises what the command itself would raise for an option, an argument or a value that is wrong.
    A line that asks for help needs nothing else.
    """
    program = program_of(line)
    assert program, f"{line}: no program of ours"
    command = get_command(PROGRAMS[program])
    called = program
    words = shlex.split(line.removeprefix(program), comments=True)
    while isinstance(command, TyperGroup) and words and words[0] != "--help":
        name = words.pop(0)
        if any(name in option.opts for option in command.params):
            break
        assert name in command.commands, f"{line}: {called} has no command {name}"
        command = command.commands[name]
        called += f" {name}"
    if isinstance(command, TyperCommand) and "--help" not in words:
        # Which parses, and runs no command.
        command.make_context(called, words)
    return called
