"""Pulumi's own command line: found, installed on first need by its SDK, or else built."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
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
# A Go module of its own that no proxy gave us, so that only the command itself is built here.
_LANGUAGE_HOST = "pulumi-language-python"
_ONLY_READS = f"without {_LANGUAGE_HOST}: good to read a stack and to take it away, not to make one"
_NONE = "there is no command pulumi here"
_NOT_TO_BE_HAD = f"Pulumi's command line is not to be had: {HOW_TO_INSTALL}"
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

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Ours and `more`, in which what is beside the command is found first."""
        found = {**os.environ, **more}
        beside = str(Path(self.command).parent)
        return {**found, "PATH": os.pathsep.join([beside, found.get("PATH", os.defpath)])}

    @property
    def has_language_host(self) -> bool:
        """Whether it has what runs a program in Python: on PATH, or beside it."""
        itself = Path(self.command)
        beside = [itself.parent / _LANGUAGE_HOST, itself.resolve().parent / _LANGUAGE_HOST]
        return bool(shutil.which(_LANGUAGE_HOST)) or any(os.access(one, os.X_OK) for one in beside)

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
    """The command to use. Raises TdeployError where there is none to be had.

    One that was built here cannot run a program: see `require_language_host`.
    """
    here = found()
    if here is None:
        try:
            _install(_NONE)
        except _DownloadError as error:
            remark(f"it could not be downloaded ({error}): building it here, {_ONLY_READS}")
            _build()
        here = found()
    if here is None:
        raise TdeployError(_NOT_TO_BE_HAD)
    return here


def found() -> Cli | None:
    """The command that is here already. Raises TdeployError where PULUMI_BIN is wrong."""
    try:
        return _found()
    except ToolsError as error:
        raise TdeployError(str(error)) from error


def require_language_host() -> None:
    """Have a command that runs programs in Python, which one that is built here cannot.

    Raises TdeployError at once where it cannot be downloaded, before minutes of building.
    """
    here = found()
    if here and here.has_language_host:
        return
    if os.environ.get(PULUMI.variable) and here:
        raise TdeployError(
            f"PULUMI_BIN={here.command} came without {_LANGUAGE_HOST}, which runs the program:"
            " set it to a whole Pulumi, or unset it"
        )
    try:
        _install(f"{here.command} is {_ONLY_READS}" if here else _NONE)
    except _DownloadError as error:
        raise TdeployError(
            f"Pulumi's command line could not be downloaded ({error}), and one that is built here"
            f" is {_ONLY_READS}: {HOW_TO_INSTALL}"
        ) from error


class _DownloadError(Exception):
    """Pulumi's command line could not be downloaded; the message is the reason."""


@cache
def _found() -> Cli | None:
    """Of those that are here the first that runs programs, or else the first."""
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
        PULUMI.cached,
    ]
    first = None
    for usable in filter(None, map(_usable, candidates)):
        if usable.has_language_host:
            return usable
        first = first or usable
    return first


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


def _install(lack: str) -> None:
    """Raises _DownloadError."""
    remark(f"{lack}: installing Pulumi's below ~/.pulumi/versions")
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_CONNECT_SECONDS)
    try:
        PulumiCommand.install()
    except (OSError, subprocess.SubprocessError) as error:
        raise _DownloadError(_reason(error)) from error
    finally:
        socket.setdefaulttimeout(before)
    _found.cache_clear()


def _build() -> None:
    try:
        with shown(side_console()) as progress:
            ensure(PULUMI, progress)
    except ToolsError as error:
        raise TdeployError(_NOT_TO_BE_HAD) from error
    _found.cache_clear()


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError) and error.output:
        return str(error.output.decode(errors="replace").strip().splitlines()[-1])
    return str(error)
