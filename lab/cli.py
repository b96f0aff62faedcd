"""`python -m lab`: a real Temporal cluster on this machine, with load and faults."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from lab.cluster import Lab, PortChoice
from lab.demo import run_demo
from lab.errors import LabError
from lab.faults import FAULTS
from lab.services import build
from lab.status import LabStatus
from tools.progress import shown

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)

Folder = Annotated[Path, typer.Option("--folder", envvar="LAB_FOLDER", help="folder of its state")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
FaultName = Annotated[str, typer.Argument(help="a name that `faults` lists")]
_FOLDER = Path(".lab")
_console = Console(highlight=False, soft_wrap=True)


@app.command()
def up(
    folder: Folder = _FOLDER,
    ports: Annotated[
        PortChoice, typer.Option(help="the documented ports, or free ones")
    ] = "default",
    scrape_seconds: Annotated[
        float, typer.Option(min=0.5, max=300, help="how often Prometheus scrapes")
    ] = 15.0,
    copilot: Annotated[bool, typer.Option("--copilot", help="start the Copilot too")] = False,
    load: Annotated[
        float, typer.Option(min=0, max=100, help="start a load of so many workflows a second too")
    ] = 0.0,
) -> None:
    """Start the clusters, or what of them does not run.

    Example: python -m lab up --copilot --load 5
    """
    with shown(_console) as progress:
        build(progress)
    lab = Lab(folder, ports=ports, scrape_seconds=scrape_seconds, report=_console.print)
    if not lab.up(copilot=copilot):
        _console.print("already up")
    if load:
        lab.start_load(load)
    _print_pages(lab.status())


@app.command()
def demo(
    folder: Folder = _FOLDER,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="free ports instead of the documented ones")
    ] = False,
) -> None:
    """Start clusters, load and Copilot, show the verdict, and stop all on Ctrl-C.

    Example: python -m lab demo --free-ports
    """
    run_demo(folder, "free" if free_ports else "default", _console)


@app.command()
def down(
    folder: Folder = _FOLDER,
    delete: Annotated[bool, typer.Option("--delete", help="delete the folder too")] = False,
) -> None:
    """End every process of the lab; the data stays.

    Example: python -m lab down --delete
    """
    Lab(folder).down(delete=delete)


@app.command()
def status(folder: Folder = _FOLDER, as_json: AsJson = False) -> None:
    """Show each process; exit with 1 when one that should run does not.

    Example: python -m lab status --json
    """
    answer = Lab(folder).status()
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        _print_status(answer)
    if not answer.up:
        raise typer.Exit(1)


@app.command()
def faults(as_json: AsJson = False) -> None:
    """List the faults and what the Copilot is expected to say of each.

    Example: python -m lab faults --json
    """
    listed = [
        {
            "name": fault.name,
            "description": fault.description,
            "verdict": fault.verdict,
            "cause_kinds": fault.cause_kinds,
            "cause_name": fault.cause_name,
        }
        for fault in FAULTS.values()
    ]
    if as_json:
        typer.echo(json.dumps(listed, indent=2))
        return
    for fault in FAULTS.values():
        _console.print(f"{fault.name}: {fault.description} -> {fault.verdict}")


@app.command()
def inject(name: FaultName, folder: Folder = _FOLDER) -> None:
    """Inject a fault.

    Example: python -m lab inject slow-database
    """
    Lab(folder).inject(name)


@app.command()
def heal(name: FaultName, folder: Folder = _FOLDER) -> None:
    """Take a fault back.

    Example: python -m lab heal slow-database
    """
    Lab(folder).heal(name)


@app.command()
def spike(
    factor: Annotated[float, typer.Argument(min=0, max=20, help="times the usual rate")],
    folder: Folder = _FOLDER,
) -> None:
    """Multiply the rate of the running load; 1 is the usual rate, 0 none.

    Example: python -m lab spike 4
    """
    Lab(folder).spike(factor)


@app.command()
def load(
    *,
    rate: Annotated[float, typer.Option(help="workflow starts a second")] = 5.0,
    address: Annotated[
        str | None, typer.Option(help="host:port of the frontend; by default that of the lab")
    ] = None,
    queues: Annotated[
        str | None, typer.Option(help="task queues, by comma; by default the load's own choice")
    ] = None,
    control: Annotated[
        Path | None, typer.Option(help="file that steers it; by default that of the lab's faults")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(help="seconds; without it, until stopped")
    ] = None,
    folder: Folder = _FOLDER,
) -> None:
    """Run a load of real workflows in this terminal, until stopped.

    Example: python -m lab load --rate 20 --duration 60 --queues orders,payments
    """
    # Only this command needs the Temporal SDK, which takes half a second to load.
    from lab.load import QUEUES, LoadOptions, run_load_process  # noqa: PLC0415

    lab = Lab(folder)
    try:
        options = LoadOptions(
            address=address or lab.frontend_address,
            rate=rate,
            queues=tuple(queues.split(",")) if queues else QUEUES,
            control_file=control or lab.control_file,
            duration_seconds=duration,
            metrics_port=lab.load_metrics_port,
        )
    except ValidationError as error:
        problems = "; ".join(f"--{item['loc'][0]}: {item['msg']}" for item in error.errors())
        raise LabError(f"wrong load: {problems}") from error
    run_load_process(options)


def _print_status(answer: LabStatus) -> None:
    table = Table("process", "state", "pid", "port", "MiB", box=None)
    for item in answer.processes:
        table.add_row(
            item.name,
            item.state,
            str(item.pid or ""),
            str(item.ports[0]) if item.ports else "",
            f"{item.rss_mib:.0f}" if item.rss_mib else "",
        )
    _console.print(table)
    _print_pages(answer)


def _print_pages(answer: LabStatus) -> None:
    for name, url in answer.urls.items():
        _console.print(f"{name}: {url}")
    _console.print(f"faults: {', '.join(answer.faults) or 'none'}")


def main() -> None:
    # Being told to end is like Ctrl-C: a half-done start is taken back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except LabError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from error
