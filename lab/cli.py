"""`python -m lab`: a real Temporal cluster on this machine, with load and faults."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from lab.binaries import build
from lab.cluster import Lab, PortChoice
from lab.demo import run_demo
from lab.errors import LabError
from lab.faults import FAULTS
from lab.state import Visibility
from lab.status import LabStatus
from tools.progress import shown

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)

Folder = Annotated[
    Path, typer.Option("--folder", envvar="LAB_FOLDER", help="folder of the lab's state")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
FaultName = Annotated[str, typer.Argument(help="name of a fault; see `faults`")]
_FOLDER = Path(".lab")
_console = Console(highlight=False, soft_wrap=True)


@app.command()
def up(
    *,
    folder: Folder = _FOLDER,
    ports: Annotated[
        PortChoice, typer.Option(help="the documented ports, or free ones")
    ] = "default",
    scrape_seconds: Annotated[
        float, typer.Option(min=0.5, max=300, help="scrape interval of Prometheus in seconds")
    ] = 15.0,
    copilot: Annotated[bool, typer.Option("--copilot", help="also start the Copilot")] = False,
    load: Annotated[
        float, typer.Option(min=0, max=100, help="also start a load: workflows a second")
    ] = 0.0,
    visibility: Annotated[
        Visibility | None,
        typer.Option(
            help="store of lists of workflows; elasticsearch runs OpenSearch, which needs Java"
            " [default: that of the folder's lab, or sql]"
        ),
    ] = None,
    histories: Annotated[
        int, typer.Option(min=1, max=9, help="instances of the monitored cluster's history")
    ] = 1,
    quick: Annotated[
        bool | None,
        typer.Option(
            "--quick/--full",
            help="one development server for each cluster, or a process for each service"
            " [default: that of the folder's lab, or full]",
        ),
    ] = None,
) -> None:
    """Start the processes of the clusters that do not run.

    Example: python -m lab up --copilot --load 5
    """
    lab = Lab(
        folder,
        ports=ports,
        scrape_seconds=scrape_seconds,
        visibility=visibility,
        histories=histories,
        quick=quick,
        report=_console.print,
    )
    with shown(_console) as progress:
        build(progress, visibility or "sql", quick=bool(quick))
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
    full: Annotated[
        bool, typer.Option("--full", help="a process for each service: every fault can be injected")
    ] = False,
) -> None:
    """Start clusters, load and Copilot, show the verdict, and stop everything on Ctrl-C.

    Example: python -m lab demo --free-ports
    """
    run_demo(folder, "free" if free_ports else "default", _console, quick=not full)


@app.command()
def down(
    folder: Folder = _FOLDER,
    delete: Annotated[bool, typer.Option("--delete", help="also delete the folder")] = False,
) -> None:
    """End every process of the lab; the data stays.

    Example: python -m lab down --delete
    """
    Lab(folder).down(delete=delete)


@app.command()
def status(folder: Folder = _FOLDER, as_json: AsJson = False) -> None:
    """Show each process. Exit code 1 if one that should run does not.

    Example: python -m lab status --json
    """
    current = Lab(folder).status()
    if as_json:
        typer.echo(current.model_dump_json(indent=2))
    else:
        _print_status(current)
    if not current.up:
        raise typer.Exit(1)


@app.command()
def faults(as_json: AsJson = False) -> None:
    """List the faults, with the state that the Copilot is expected to report.

    Example: python -m lab faults --json
    """
    listed = [
        {
            "name": fault.name,
            "description": fault.description,
            "verdict": fault.verdict,
            "cause_kinds": fault.cause_kinds,
            "cause_name": fault.cause_name,
            "needs_elasticsearch": fault.needs_elasticsearch,
            "needs_histories": fault.needs_histories,
            "needs_services": fault.needs_services,
        }
        for fault in FAULTS.values()
    ]
    if as_json:
        typer.echo(json.dumps(listed, indent=2))
        return
    for fault in FAULTS.values():
        needs = " (with --visibility elasticsearch)" if fault.needs_elasticsearch else ""
        needs = " (with --histories 3)" if fault.needs_histories else needs
        needs = " (not in a quick lab)" if fault.needs_services else needs
        _console.print(f"{fault.name}: {fault.description}{needs} -> {fault.verdict}")


@app.command()
def inject(name: FaultName, folder: Folder = _FOLDER) -> None:
    """Inject a fault.

    Example: python -m lab inject slow-database
    """
    Lab(folder).inject(name)


@app.command()
def heal(name: FaultName, folder: Folder = _FOLDER) -> None:
    """End a fault.

    Example: python -m lab heal slow-database
    """
    Lab(folder).heal(name)


@app.command()
def spike(
    factor: Annotated[float, typer.Argument(min=0, max=20, help="factor of the usual rate")],
    folder: Folder = _FOLDER,
) -> None:
    """Multiply the rate of the running load by a factor.

    Example: python -m lab spike 4
    """
    Lab(folder).spike(factor)


@app.command()
def load(
    *,
    rate: Annotated[float, typer.Option(help="workflow starts a second")] = 5.0,
    address: Annotated[
        str | None, typer.Option(help="host:port of the frontend [default: the lab's]")
    ] = None,
    queues: Annotated[str | None, typer.Option(help="task queues, separated by commas")] = None,
    control: Annotated[Path | None, typer.Option(help="control file [default: the lab's]")] = None,
    duration: Annotated[float | None, typer.Option(help="seconds [default: until stopped]")] = None,
    schedule: Annotated[
        bool, typer.Option("--schedule", help="also keep a schedule that starts workflows")
    ] = False,
    folder: Folder = _FOLDER,
) -> None:
    """Run a load of real workflows in this terminal.

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
            schedule=schedule,
            metrics_port=lab.load_metrics_port,
        )
    except ValidationError as error:
        problems = "; ".join(f"--{item['loc'][0]}: {item['msg']}" for item in error.errors())
        raise LabError(f"invalid load: {problems}") from error
    run_load_process(options)


def _print_status(status: LabStatus) -> None:
    table = Table("process", "state", "pid", "port", "MiB", box=None)
    for item in status.processes:
        table.add_row(
            item.name,
            item.state,
            str(item.pid or ""),
            str(item.ports[0]) if item.ports else "",
            f"{item.rss_mib:.0f}" if item.rss_mib else "",
        )
    _console.print(table)
    _print_pages(status)


def _print_pages(status: LabStatus) -> None:
    for name, url in status.urls.items():
        _console.print(f"{name}: {url}")
    _console.print(f"faults: {', '.join(status.faults) or 'none'}")


def main() -> None:
    # SIGTERM is like Ctrl-C: an unfinished start is rolled back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except LabError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from error
