"""The Pulumi CLI as a child process, with Ctrl-C under our control."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from tdeploy.console import print_err

LANGUAGE_HOST = "pulumi-language-python"
_KILL_AT = 3
_STOPPING = {
    1: "stopping after the current steps (Ctrl-C again: stop at once)",
    2: "stopping at once (Ctrl-C again: kill)",
}


class Cli(PulumiCommand):
    """One Pulumi CLI. It runs in a session of its own, so that it gets one Ctrl-C, from us.

    A second signal of the same kind would make it abandon the current steps.
    """

    def __init__(self, binary: Path, version: VersionInfo) -> None:
        # Not the SDK's, which looks for ROOT/bin/pulumi only and runs `pulumi version` again.
        self.command = str(binary)
        self.version = version
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run to the end, then call the callbacks. Raises the SDK's CommandError."""
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=self.environment({**additional_env, "PULUMI_AUTOMATION_API": "true"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                stdout, stderr = process.communicate()
            finally:
                self._process = None
        for callback, text in ((on_output, stdout), (on_error, stderr)):
            if callback:
                for line in text.splitlines():
                    callback(line)
        result = CommandResult(stdout.rstrip(), stderr.rstrip(), process.returncode)
        if process.returncode:
            raise create_command_error(result)
        return result

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """This process's environment and `more`, with the CLI's folder first on PATH."""
        variables = {**os.environ, **more}
        folder = str(Path(self.command).parent)
        path = os.pathsep.join([folder, variables.get("PATH", os.defpath)])
        return {**variables, "PATH": path}

    @property
    def has_language_host(self) -> bool:
        """Whether it can run a program in Python: the host is on PATH, or beside the CLI."""
        binary = Path(self.command)
        beside = [binary.parent / LANGUAGE_HOST, binary.resolve().parent / LANGUAGE_HOST]
        return bool(shutil.which(LANGUAGE_HOST)) or any(os.access(one, os.X_OK) for one in beside)

    @contextmanager
    def stopped_by_signals(self) -> Iterator["Interrupts"]:
        """In the block, SIGINT and SIGTERM stop the running command in order; the third kills."""
        interrupts = Interrupts()

        def handle(_number: int, _frame: FrameType | None) -> None:
            interrupts.count += 1
            process = self._process
            if process is None:
                return
            if interrupts.count >= _KILL_AT:
                interrupts.is_killed = True
                os.killpg(process.pid, signal.SIGKILL)
                return
            print_err(_STOPPING[interrupts.count])
            process.send_signal(signal.SIGINT)

        before = {
            number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield interrupts
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Interrupts:
    """The number of signals, and whether the last one killed the command."""

    count = 0
    is_killed = False
