"""The commands of this repository as data: their words, and how they parse a line."""

import shlex
from collections.abc import Iterator
from typing import cast

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from lab.cli import app as lab
from tdeploy.app import command as tdeploy
from tdeploy.lazy import LazyCommand
from tools.__main__ import app as tools

PROGRAMS = {
    "tdeploy": tdeploy(),
    "python -m lab": cast("TyperGroup", get_command(lab)),
    "python -m tools": cast("TyperGroup", get_command(tools)),
}


def leaves() -> Iterator[tuple[str, TyperCommand]]:
    """Each command that is not a group, with the words that call it."""
    commands: list[tuple[str, object]] = [*PROGRAMS.items()]
    for words, command in commands:
        if isinstance(command, TyperGroup):
            commands += [
                (f"{words} {name}", subcommand(command, name)) for name in command.commands
            ]
        else:
            assert isinstance(command, TyperCommand)
            yield words, command


def subcommand(group: TyperGroup, name: str) -> object:
    """A command of a group, imported if it is lazy."""
    command = group.commands[name]
    return command.load() if isinstance(command, LazyCommand) else command


def program_of(line: str) -> str | None:
    """The program that a line calls."""
    return next((one for one in PROGRAMS if f"{line} ".startswith(f"{one} ")), None)


def require_known(line: str) -> str:
    """The words of the command that a line calls, or of the group if it ends there.

    Raises the command's own error for a wrong option, argument or value, unless the line asks for
    help.
    """
    program = program_of(line)
    assert program, f"{line}: not a program of this repository"
    command: object = PROGRAMS[program]
    called = program
    words = shlex.split(line.removeprefix(program), comments=True)
    while isinstance(command, TyperGroup) and words and words[0] != "--help":
        name = words.pop(0)
        if any(name in option.opts for option in command.params):
            break
        assert name in command.commands, f"{line}: {called} has no command {name}"
        command = subcommand(command, name)
        called += f" {name}"
    if isinstance(command, TyperCommand) and "--help" not in words:
        # Parses the words and runs nothing.
        command.make_context(called, words)
    return called
