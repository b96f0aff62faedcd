"""Pulumi's own command line: found, installed on first need by its SDK, or else built."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from tdeploy.console import remark, side_console
from tdeploy.errors import TdeployError
from tools.build import ensure
from tools.errors import ToolsError
from tools.progress import shown
from tools.servers import PULUMI, find

HOW_TO_INSTALL = "install it (https://www.pulumi.com/docs/install), or set PULUMI_BIN to it"
# The first that streams its events to the SDK.
_OLDEST = VersionInfo(3, 206, 0)
_LANGUAGE_HOST = "pulumi-language-python"
_CONNECT_SECONDS = 15
_KILL_AT = 3
_VERSION_SECONDS = 20


class Cli(PulumiCommand):
    """The command, in a session of its own, so that Ctrl-C reaches it once, and through us.

    A second one of the same signal would make it give up what it is doing half-way.
    """

    def __init__(self, binary: Path, version: VersionInfo) -> None:
        # Not the SDK's own, which looks for ROOT/bin/pulumi only and asks for the version again.
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
        """Run to the end. Raises the SDK's CommandError; output is told about when all is there."""
        beside = str(Path(self.command).parent)
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        environment["PATH"] = os.pathsep.join([beside, environment.get("PATH", os.defpath)])
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                said, complained = process.communicate()
            finally:
                self._process = None
        for told, text in ((on_output, said), (on_error, complained)):
            for line in text.splitlines():
                if told:
                    told(line)
        result = CommandResult(said.rstrip(), complained.rstrip(), process.returncode)
        if process.returncode:
            raise create_command_error(result)
        return result

    @contextmanager
    def ended_by_signals(self) -> Iterator["Interrupts"]:
        """Within the block SIGINT and SIGTERM ask the running command to end, in good order."""
        seen = Interrupts()

        def handle(_number: int, _frame: FrameType | None) -> None:
            seen.count += 1
            process = self._process
            if process is None:
                return
            if seen.count >= _KILL_AT:
                seen.killed = True
                os.killpg(process.pid, signal.SIGKILL)
                return
            remark(_STOPPING[seen.count])
            process.send_signal(signal.SIGINT)

        before = {sign: signal.signal(sign, handle) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield seen
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)


class Interrupts:
    """How often the user asked to end, and whether that killed the command."""

    count = 0
    killed = False


_STOPPING = {
    1: "stopping: what is being made now is finished first (Ctrl-C again: not even that)",
    2: "stopping at once (Ctrl-C again: kill)",
}


def cli() -> Cli:
    """The command to use. Raises TdeployError where there is none to be had."""
    try:
        return _found() or _installed()
    except ToolsError as error:
        raise TdeployError(str(error)) from error


def found() -> Cli | None:
    """The command that is here already. Raises TdeployError where PULUMI_BIN is wrong."""
    try:
        return _found()
    except ToolsError as error:
        raise TdeployError(str(error)) from error


def _found() -> Cli | None:
    if os.environ.get(PULUMI.variable):
        chosen = find(PULUMI)
        usable = chosen and _usable(chosen)
        if not usable:
            raise TdeployError(
                f"PULUMI_BIN={chosen} is no Pulumi of version {_OLDEST} or later: correct it"
            )
        return usable
    on_path = shutil.which("pulumi")
    home = Path.home() / ".pulumi"
    candidates = [
        *([Path(on_path)] if on_path else []),
        home / "bin" / "pulumi",
        *sorted(home.glob("versions/*/bin/pulumi"), reverse=True),
    ]
    # One that was built here has no language host beside it.
    if shutil.which(_LANGUAGE_HOST):
        candidates.append(PULUMI.cached)
    return next(filter(None, map(_usable, candidates)), None)


def _usable(binary: Path) -> Cli | None:
    if not os.access(binary, os.X_OK):
        return None
    try:
        answer = subprocess.run(
            [binary, "version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=True,
        )
        version = VersionInfo.parse(answer.stdout.strip().removeprefix("v"))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Cli(binary, version) if version.major == _OLDEST.major and version >= _OLDEST else None


def _installed() -> Cli:
    remark("Pulumi's command line is not here: installing it below ~/.pulumi/versions")
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_CONNECT_SECONDS)
    try:
        made = PulumiCommand.install()
    except (OSError, subprocess.SubprocessError) as error:
        remark(f"it could not be downloaded ({_reason(error)}): building it here")
        return _built()
    finally:
        socket.setdefaulttimeout(before)
    return Cli(Path(made.command), made.version or _OLDEST)


def _built() -> Cli:
    try:
        with shown(side_console()) as progress:
            binary = ensure(PULUMI, progress)
    except ToolsError as error:
        raise TdeployError(f"Pulumi's command line is not to be had: {HOW_TO_INSTALL}") from error
    return Cli(binary, VersionInfo.parse(PULUMI.version))


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError) and error.output:
        return str(error.output.decode(errors="replace").strip().splitlines()[-1])
    return str(error)
