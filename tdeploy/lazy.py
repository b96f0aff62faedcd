"""Commands that are imported when they are called, so that the list of commands is quick.

The idea is Click's: "Lazily Loading Subcommands" in its documentation.
"""

import ast
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import typer
from typer._click.core import Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

typer_app = partial(typer.Typer, add_completion=False, no_args_is_help=True, rich_markup_mode=None)
"""Creates the application `app` of a module with one command, or with a group of commands."""


class LazyCommand(TyperCommand):
    """The entry of a command, or of a group of commands, in the list of commands."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name)
        self._module = module

    def load(self) -> TyperCommand | TyperGroup:
        """The command itself."""
        return cast("TyperCommand | TyperGroup", get_command(import_module(self._module).app))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Context | None = None,
        **extra: object,
    ) -> Context:
        """The context of the command itself, in which it parses its arguments and runs."""
        return self.load().make_context(info_name, args, parent, **extra)

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of the help, read from the source without an import.

        It is in the docstring of the function `name`, or for a group in that of the module.
        """
        source = Path(getattr(find_spec(self._module), "origin", ""))
        module = ast.parse(source.read_text(encoding="utf-8"))
        functions = {one.name: one for one in module.body if isinstance(one, ast.FunctionDef)}
        self.help = ast.get_docstring(functions.get(str(self.name), module))
        return super().get_short_help_str(limit)
