"""Pulumi's own command line, run on a project as a user runs it."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from tests.waiting import is_caused

_TIME_LIMIT_SECONDS = 600
"""For one command; the slowest takes some 20 s on an idle machine."""
_NO_CHANGE = {"same", "refresh", "read", "read-replacement", "discard-replaced"}
# The variables of this process that a command gets: others could configure Pulumi, Docker or AWS.
_INHERITED = ("LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "TMPDIR")


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    exit_code: int
    output: str
    """Both streams, in order."""
    seconds: float
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each operation was done to each resource: (`create`, name)."""

    @property
    def changes(self) -> dict[str, set[str]]:
        """Names of the changed resources by operation."""
        found: dict[str, set[str]] = {}
        for operation, name in self.steps:
            if operation not in _NO_CHANGE:
                found.setdefault(operation, set()).add(name)
        return found


class CommandError(AssertionError):
    """A command succeeded or failed against the test's expectation."""


@dataclass(frozen=True)
class CommandLine:
    """The `pulumi` command in a folder, with an environment of its own."""

    project: Path
    environment: Mapping[str, str]

    def run(
        self, *arguments: str, fails: bool = False, more: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run to the end. Raises CommandError unless it succeeds, or fails with `fails`."""
        with self.started(*arguments, more=more) as running:
            outcome = running.ended()
        if (outcome.exit_code != 0) != fails:
            raise CommandError(
                f"pulumi {' '.join(arguments)} ended with {outcome.exit_code}:\n{outcome.output}"
            )
        return outcome

    @contextmanager
    def started(
        self, *arguments: str, more: Mapping[str, str] | None = None
    ) -> Iterator["RunningCommand"]:
        """A running command, which is killed with its plug-ins at the end of the block."""
        running = RunningCommand(self.project, [*arguments], {**self.environment, **(more or {})})
        try:
            yield running
        finally:
            running.kill()


class RunningCommand:
    """A started command."""

    def __init__(self, project: Path, arguments: list[str], environment: Mapping[str, str]) -> None:
        self._events = Path(environment["PULUMI_HOME"]) / "events.jsonl"
        self._events.unlink(missing_ok=True)
        self._output = Path(environment["PULUMI_HOME"]) / "output"
        if arguments[0] in {"up", "preview", "refresh", "destroy"}:
            arguments = [*arguments, "--event-log", str(self._events), "--color", "never"]
        self._start = time.monotonic()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [str(Path(environment["PATH"].split(":")[0]) / "pulumi"), *arguments],
                cwd=project,
                env={**environment, "PULUMI_DEBUG_COMMANDS": "true"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A process group, because plug-ins outlive a command that is killed.
                start_new_session=True,
            )

    def ended(self) -> Outcome:
        """Wait for the end. Raises CommandError after the time limit."""
        try:
            exit_code = self._process.wait(_TIME_LIMIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"pulumi still runs: {self._output.read_text()}") from error
        seconds = time.monotonic() - self._start
        return Outcome(exit_code, self._output.read_text(), seconds, _steps(self._events))

    def await_event(self, event: Event, what: str) -> None:
        """Wait until the command causes it. Raises CommandError when the command ends before."""
        if not is_caused(event, self._process, _TIME_LIMIT_SECONDS, what):
            raise CommandError(f"pulumi ended before {what}: {self._output.read_text()}")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command and its plug-ins, as a terminal does for Ctrl-C."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End the command and its plug-ins at once."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait()


def command_environment(binaries: Path, home: Path) -> dict[str, str]:
    """An environment without this user's Pulumi, Docker and AWS.

    `binaries` holds the CLI and its language host; `home` becomes the home folder, Pulumi's too.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # gRPC's handlers for fork write warnings when a language host starts its program.
        "GRPC_ENABLE_FORK_SUPPORT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _steps(events: Path) -> Counter[tuple[str, str]]:
    if not events.is_file():
        return Counter()
    steps: Counter[tuple[str, str]] = Counter()
    for line in events.read_text(encoding="utf-8").splitlines():
        event: dict[str, Any] = json.loads(line)
        metadata = event.get("resOutputsEvent", {}).get("metadata")
        if metadata:
            steps[metadata["op"], metadata["urn"].rsplit("::", 1)[-1]] += 1
    return steps
