"""Where the Pulumi CLI comes from: found, else downloaded by the SDK, else built."""

import os
import shutil
import socket
import subprocess
from functools import cache
from pathlib import Path

from pulumi.automation import PulumiCommand
from semver import VersionInfo

from tdeploy.console import print_err
from tdeploy.engine.cli import LANGUAGE_HOST, Cli
from tdeploy.errors import TdeployError
from tdeploy.terminal import stderr_console
from tools.build import ensure
from tools.errors import ToolsError
from tools.progress import shown
from tools.servers import PULUMI, find

HOW_TO_INSTALL = "install it (https://www.pulumi.com/docs/install), or set PULUMI_BIN to it"
# The first that streams its events to the SDK.
_OLDEST = VersionInfo(3, 206, 0)
# The Go module proxy has no language host, so a build has none.
_READ_ONLY = f"without {LANGUAGE_HOST}: it reads and deletes a stack, and cannot create one"
_MISSING = "no Pulumi CLI is on this machine"
_UNAVAILABLE = f"the Pulumi CLI can neither be downloaded nor built: {HOW_TO_INSTALL}"
_CONNECT_SECONDS = 15
_VERSION_SECONDS = 60


def cli() -> Cli:
    """The CLI, downloaded or built if necessary. Raises TdeployError.

    One that was built cannot run a program: see `require_language_host`.
    """
    installed = find_installed()
    if installed is None:
        try:
            _install(_MISSING)
        except _DownloadError as error:
            print_err(f"the download failed ({error}): building the Pulumi CLI, {_READ_ONLY}")
            _build()
        installed = find_installed()
    if installed is None:
        raise TdeployError(_UNAVAILABLE)
    return installed


def find_installed() -> Cli | None:
    """The CLI on this machine. Raises TdeployError if PULUMI_BIN is wrong."""
    try:
        return _find_installed()
    except ToolsError as error:
        raise TdeployError(str(error)) from error


def require_language_host() -> None:
    """Have a CLI that runs programs in Python, downloaded if necessary.

    Raises TdeployError if the download fails, without minutes of a build that would not help.
    """
    installed = find_installed()
    if installed and installed.has_language_host:
        return
    if os.environ.get(PULUMI.variable) and installed:
        raise TdeployError(
            f"PULUMI_BIN={installed.command} has no {LANGUAGE_HOST}, which runs the program:"
            " set it to a complete Pulumi, or unset it"
        )
    try:
        _install(f"{installed.command} is {_READ_ONLY}" if installed else _MISSING)
    except _DownloadError as error:
        raise TdeployError(
            f"the Pulumi CLI could not be downloaded ({error}), and a build would be {_READ_ONLY}:"
            f" {HOW_TO_INSTALL}"
        ) from error


class _DownloadError(Exception):
    """The Pulumi CLI could not be downloaded; the message is the reason."""


@cache
def _find_installed() -> Cli | None:
    """The first CLI that runs programs, or else the first."""
    if os.environ.get(PULUMI.variable):
        chosen = find(PULUMI)
        usable = chosen and _usable(chosen)
        if not usable:
            raise TdeployError(
                f"PULUMI_BIN={chosen} is not a Pulumi CLI of version {_OLDEST} or later: correct it"
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


def _install(reason: str) -> None:
    """Raises _DownloadError."""
    print_err(f"{reason}: installing Pulumi below ~/.pulumi/versions")
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_CONNECT_SECONDS)
    try:
        PulumiCommand.install()
    except (OSError, subprocess.SubprocessError) as error:
        raise _DownloadError(_last_line(error)) from error
    finally:
        socket.setdefaulttimeout(before)
    _find_installed.cache_clear()


def _build() -> None:
    try:
        with shown(stderr_console()) as progress:
            ensure(PULUMI, progress)
    except ToolsError as error:
        raise TdeployError(_UNAVAILABLE) from error
    _find_installed.cache_clear()


def _last_line(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError) and error.output:
        return str(error.output.decode(errors="replace").strip().splitlines()[-1])
    return str(error)
