"""`python -m tools`: build the pinned servers, or show where they are."""

import json
import signal
from typing import Annotated

import typer
from rich.console import Console

from tools import opensearch
from tools.build import ensure
from tools.errors import ToolsError
from tools.progress import shown
from tools.servers import SERVERS, find

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def build(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="servers to build; by default all but opensearch, which needs Java"),
    ] = None,
) -> None:
    """Build every missing server.

    Example: python -m tools build temporal-server prometheus
    """
    known = {server.name: server for server in SERVERS}
    for name in names or []:
        if name not in known and name != opensearch.NAME:
            names_known = ", ".join((*known, opensearch.NAME))
            raise ToolsError(f"there is no server {name}: choose from {names_known}")
    console = Console(highlight=False, soft_wrap=True)
    for name in names or known:
        with shown(console) as progress:
            if name == opensearch.NAME:
                built, version = opensearch.ensure_jars(progress), ""
            else:
                built, version = ensure(known[name], progress), f" {known[name].version}"
        console.print(f"{name}{version}: {built}")


@app.command()
def where(
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show where each server is. Exit code 1 if one is missing.

    Example: python -m tools where --json
    """
    places = {server.name: find(server) for server in SERVERS}
    if as_json:
        typer.echo(json.dumps({name: str(path) if path else None for name, path in places.items()}))
    else:
        for name, path in places.items():
            typer.echo(f"{name}: {path or 'missing; build it with `python -m tools build`'}")
    if None in places.values():
        raise typer.Exit(1)


def main() -> None:
    # SIGTERM is like Ctrl-C: the compiler ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except ToolsError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
