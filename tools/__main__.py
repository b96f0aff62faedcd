"""`python -m tools`: build the pinned servers, or say where each one is."""

import json
import signal
from typing import Annotated

import typer
from rich.console import Console

from tools.build import ensure
from tools.errors import ToolsError
from tools.progress import shown
from tools.servers import SERVERS, find

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def build(
    names: Annotated[
        list[str] | None, typer.Argument(help="servers to build; all by default")
    ] = None,
) -> None:
    """Build every server that is not there yet.

    Example: python -m tools build temporal-server prometheus
    """
    known = {server.name: server for server in SERVERS}
    for name in names or []:
        if name not in known:
            raise ToolsError(f"there is no server {name}: choose from {', '.join(known)}")
    console = Console()
    for name in names or known:
        with shown(console) as progress:
            binary = ensure(known[name], progress)
        console.print(f"{name} {known[name].version}: {binary}", highlight=False, soft_wrap=True)


@app.command()
def where(
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say where each server is; exit with 1 when one is missing.

    Example: python -m tools where --json
    """
    places = {server.name: find(server) for server in SERVERS}
    if as_json:
        typer.echo(json.dumps({name: str(path) if path else None for name, path in places.items()}))
    else:
        for name, path in places.items():
            typer.echo(f"{name}: {path or 'missing, `python -m tools build` makes it'}")
    if None in places.values():
        raise typer.Exit(1)


def main() -> None:
    # Being told to end is like Ctrl-C: the compiler ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except ToolsError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
