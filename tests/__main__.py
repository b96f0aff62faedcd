"""`make test`: every layer in a pytest process of its own, several at a time.

Servers that are missing are built meanwhile. The output of a layer is printed when it has ended,
the time of each layer and the slowest tests at the end. Exit code 1 if a layer failed, 130 after
Ctrl-C.
"""

import compileall
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests import timing
from tests.layers import LAYERS, Layer, arguments
from tools.errors import ToolsError
from tools.servers import SERVERS, Server, find

ROOT = Path(__file__).parents[1]
SLOWEST = 10
# Limit for the teardown of a lab or a stack.
STOP_SECONDS = 120
POLL_SECONDS = 0.2
# One a CPU. With one more, tests with limits on time failed: `nice` shares out nothing but the CPU.
CONCURRENT = os.cpu_count() or 1
_YIELDING = ("nice", "-n", "15")
BUILD = "servers"
"""Name of the process that builds servers."""
_console = Console(highlight=False, soft_wrap=True)


@dataclass
class Run:
    """A process in a process group of its own, with its output in a file."""

    name: str
    command: Sequence[str]
    folder: Path
    is_timed: bool = False
    begin: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        _console.print(f"{self.name} started")
        self.output = self.folder / f"{self.name}.log"
        self.times = self.folder / f"{self.name}.json"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*([] if self.is_timed else _YIELDING), sys.executable, "-m", *self.command],
                cwd=ROOT,
                env={**os.environ, timing.VARIABLE: str(self.times)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


@dataclass(frozen=True)
class Result:
    name: str
    code: int
    seconds: float
    cpu_seconds: float
    tests: dict[str, float]


def finished(run: Run) -> Result:
    """Print the output of a process that has ended."""
    _console.rule(run.name)
    _console.out(run.output.read_text(errors="replace").rstrip())
    # A run that was killed wrote no times.
    times = json.loads(run.times.read_text()) if run.times.exists() else {}
    return Result(
        run.name,
        run.process.returncode,
        time.monotonic() - run.begin,
        times.get("cpu_seconds", 0),
        times.get("tests", {}),
    )


def results(layers: Iterable[Layer], folder: Path) -> Iterator[Result]:
    """Build missing servers and run all layers, each once its own are there.

    An interruption ends all that runs.
    """
    waiting, runs = list(layers), list[Run]()
    needed = {server for layer in waiting for server in layer.servers}
    missing = [server for server in SERVERS if server in needed and find(server) is None]
    try:
        if missing:
            names = (server.name for server in missing)
            runs.append(Run(BUILD, ("tools", "build", *names), folder))
        while waiting or runs:
            while layer := _next(waiting, runs, missing):
                waiting.remove(layer)
                command = ("pytest", "-q", "-p", timing.__name__, *arguments(layer))
                runs.append(Run(layer.name, command, folder, layer.is_timed))
            for run in [run for run in runs if run.process.poll() is not None]:
                runs.remove(run)
                yield finished(run)
            is_building = any(run.name == BUILD for run in runs)
            missing = [one for one in missing if is_building and not one.cached.exists()]
            time.sleep(POLL_SECONDS)
    finally:
        stop(runs)


def _next(waiting: Sequence[Layer], runs: Iterable[Run], missing: Iterable[Server]) -> Layer | None:
    """The first layer that has its servers and a place beside what runs."""
    has_timed = any(run.is_timed for run in runs)
    # One place is kept for the layers with limits on time: together they take the longest.
    is_kept = has_timed or any(layer.is_timed for layer in waiting)
    is_full = sum(not run.is_timed for run in runs) >= max(1, CONCURRENT - is_kept)
    return next(
        (
            layer
            for layer in waiting
            if not (has_timed if layer.is_timed else is_full) and not {*layer.servers} & {*missing}
        ),
        None,
    )


def stop(runs: Iterable[Run]) -> None:
    """Interrupt what still runs, so that its fixtures are torn down; kill what does not end."""
    for run in runs:
        run.signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    for run in runs:
        try:
            run.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            run.signal(signal.SIGKILL)
            run.process.wait()


def summary(ended: Iterable[Result]) -> Iterator[str]:
    """The time of each layer, and the slowest tests of all."""
    for result in ended:
        outcome = "passed" if result.code == 0 else f"failed ({result.code})"
        cpu = f"{result.cpu_seconds:5.0f} s CPU" if result.cpu_seconds else ""
        yield f"{result.name:13} {outcome:12} {result.seconds:5.0f} s {cpu}".rstrip()
    tests = {name: seconds for result in ended for name, seconds in result.tests.items()}
    yield f"slowest {SLOWEST}:"
    for name in sorted(tests, key=lambda name: -tests[name])[:SLOWEST]:
        yield f"{tests[name]:6.1f} s {name}"


def main(layers: Iterable[Layer]) -> int:
    ended = list[Result]()
    try:
        with tempfile.TemporaryDirectory(prefix="copilot-tests-") as folder:
            for result in results(layers, Path(folder)):
                ended.append(result)
    except KeyboardInterrupt:
        _console.print("interrupted")
        return 130
    _console.rule("layers")
    for line in summary(ended):
        _console.out(line)
    # A layer whose server was not built fails in CI, and skips its tests elsewhere.
    return int(any(result.code for result in ended if result.name != BUILD))


def command(
    names: Annotated[list[str] | None, typer.Argument(help="layers; all by default")] = None,
) -> None:
    """Run the tests, layer by layer.

    Example: python -m tests lab docker
    """
    known = {layer.name: layer for layer in LAYERS}
    if unknown := [name for name in names or [] if name not in known]:
        raise typer.BadParameter(f"no layer {unknown[0]}: choose from {', '.join(known)}")
    # SIGTERM is like Ctrl-C, and neither is ignored in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    # Once, and not in each process where PYTHONDONTWRITEBYTECODE is set.
    for package in ROOT.glob("*/__init__.py"):
        compileall.compile_dir(package.parent, quiet=1)
    try:
        code = main([layer for layer in LAYERS if not names or layer.name in names])
    except ToolsError as error:
        _console.print(f"error: {error}")
        code = error.exit_code
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(command)
