"""`make test`: every layer in a pytest process of its own, several at a time.

The output of a layer is printed when it has ended, the time of each layer and the slowest tests at
the end. Exit code 1 if a layer failed, 130 after Ctrl-C.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests import timing

ROOT = Path(__file__).parents[1]
SLOWEST = 10
# Limit for the teardown of a lab or a stack.
STOP_SECONDS = 120
POLL_SECONDS = 0.2
# One a CPU: with more, limits on time failed in layers with real servers.
CONCURRENT = os.cpu_count() or 1
_console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Layer:
    """Tests that share fixtures. `is_timed`: they have limits for the reaction of real servers, so
    one such layer runs at a time, and the processes of the others yield the CPU to it."""

    name: str
    paths: tuple[str, ...]
    is_timed: bool = False


# Half the time of tests/tdeploy, which would end last.
_LONG_COMMANDS = ("infra", "build", "schema", "doctor")

# The longest first, so that none starts last.
LAYERS = (
    Layer("verdicts", ("tests/lab/test_verdicts.py",), is_timed=True),
    Layer("docker", ("tests/docker",), is_timed=True),
    Layer("commands", tuple(f"tests/tdeploy/test_{name}.py" for name in _LONG_COMMANDS)),
    Layer("tdeploy", ("tests/tdeploy",)),
    Layer("elasticsearch", ("tests/lab/test_elasticsearch.py",), is_timed=True),
    Layer("engine", ("tests/engine",)),
    Layer("lab", ("tests/lab",), is_timed=True),
    Layer("copilot", ("tests/copilot",)),
    Layer("browser", ("tests/browser",)),
    Layer("program", ("tests",)),
)


def arguments(layer: Layer) -> list[str]:
    """Return pytest's arguments: the layer's paths without those of other layers below them."""
    below = [
        path
        for other in LAYERS
        for path in other.paths
        if other != layer and any(Path(path).is_relative_to(parent) for parent in layer.paths)
    ]
    return [*layer.paths, *(f"--ignore={path}" for path in below)]


@dataclass
class Run:
    """One layer's pytest process, in a process group of its own, with its output in a file."""

    layer: Layer
    folder: Path
    begin: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.output = self.folder / f"{self.layer.name}.log"
        self.times = self.folder / f"{self.layer.name}.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", timing.__name__]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*([] if self.layer.is_timed else ["nice"]), *command, *arguments(self.layer)],
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
    layer: str
    code: int
    seconds: float
    cpu_seconds: float
    tests: dict[str, float]


def finished(run: Run) -> Result:
    """Print the output of a layer that has ended."""
    _console.rule(run.layer.name)
    _console.out(run.output.read_text(errors="replace").rstrip())
    # A run that was killed wrote no times.
    times = json.loads(run.times.read_text()) if run.times.exists() else {}
    return Result(
        run.layer.name,
        run.process.returncode,
        time.monotonic() - run.begin,
        times.get("cpu_seconds", 0),
        times.get("tests", {}),
    )


def results(layers: Iterable[Layer], folder: Path) -> Iterator[Result]:
    """Run all layers, at most CONCURRENT at a time; end them when this is interrupted."""
    waiting, runs = list(layers), list[Run]()
    try:
        while waiting or runs:
            while len(runs) < CONCURRENT and (layer := _next(waiting, runs)):
                waiting.remove(layer)
                _console.print(f"{layer.name} started")
                runs.append(Run(layer, folder))
            for run in [run for run in runs if run.process.poll() is not None]:
                runs.remove(run)
                yield finished(run)
            time.sleep(POLL_SECONDS)
    finally:
        stop(runs)


def _next(waiting: Iterable[Layer], runs: Iterable[Run]) -> Layer | None:
    is_timed = any(run.layer.is_timed for run in runs)
    return next((layer for layer in waiting if not (is_timed and layer.is_timed)), None)


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
        wall, cpu = f"{result.seconds:5.0f} s", f"{result.cpu_seconds:5.0f} s CPU"
        yield f"{result.layer:10} {outcome:12} {wall} {cpu}"
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
    return int(any(result.code for result in ended))


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
    raise typer.Exit(main([layer for layer in LAYERS if not names or layer.name in names]))


if __name__ == "__main__":
    typer.run(command)
