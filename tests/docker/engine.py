"""A real Docker engine for one test session, apart from any other engine of this machine.

It has its own data, socket, mounts and PID namespace, so that its end is its containers' end too.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

import docker
from tests.docker import machine
from tests.docker.machine import NotHereError
from tests.fakes.pulumi.docker_package import API_VERSION
from tests.waiting import until

_START_SECONDS = 180
_STOP_SECONDS = 180
_REQUEST_SECONDS = 300
_LAST_LINES = 5
# The engine uses another engine's containerd if it finds one in /run, or its dead socket.
_HIDDEN = ("/run/containerd", "/run/docker")
_START = " && ".join(
    (*(f"mkdir -p {path} && mount -t tmpfs tmpfs {path}" for path in _HIDDEN), 'exec dockerd "$@"')
)


@contextmanager
def running() -> Iterator[str]:
    """Start an engine; the value is its DOCKER_HOST. Nothing of it is left at the end.

    Raises NotHereError with its last log lines when it does not start.
    """
    with machine.prepared(), _folder() as folder, _serving(folder) as host:
        yield host


@contextmanager
def client(host: str) -> Iterator[docker.DockerClient]:
    """A client of the engine."""
    made = docker.DockerClient(base_url=host, version=API_VERSION, timeout=_REQUEST_SECONDS)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
    # `mkdir -p` in the engine's mount namespace creates them for everybody.
    new = [path for path in map(Path, _HIDDEN) if not path.exists()]
    try:
        yield folder
    finally:
        subprocess.run(["/bin/rm", "-rf", folder], check=True)
        for path in new:
            path.rmdir()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    host = f"unix://{folder}/docker.sock"
    command = [
        # A test session that is killed ends its engine too.
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"),
        *("sh", "-c", _START, "dockerd"),
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        f"--host={host}",
        f"--bridge={machine.BRIDGE}",
        f"--default-address-pool={machine.NETWORKS}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the tests, which end the engine after their own clean-up.
            start_new_session=True,
        )
    try:
        _await_answer(host, process, folder / "log")
        yield host
    finally:
        _kill(process)


def _await_answer(host: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    path = Path(host.removeprefix("unix://"))
    with suppress(AssertionError):
        until(
            lambda: process.poll() is not None or machine.listens(path),
            _START_SECONDS,
            "it listens",
        )
    if machine.listens(path):
        with client(host) as made:
            made.ping()
        return
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LAST_LINES:]
    raise NotHereError(f"dockerd does not serve: {'; '.join(lines)}")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the first process of the namespace, and with it all others; wait for their end."""
    for first in psutil.Process(process.pid).children() if process.poll() is None else ():
        first.kill()
    process.wait(_STOP_SECONDS)
