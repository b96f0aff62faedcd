"""A real Docker engine for one test session: its own data, its own socket, ended by its own id."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from tests.docker import machine
from tests.docker.debian import NotHereError
from tests.engine.docker_package import API_VERSION

_START_SECONDS = 60
_STOP_SECONDS = 60
_REQUEST_SECONDS = 300
_LAST_LINES = 5


@contextmanager
def running() -> Iterator[str]:
    """Start an engine; the value is its DOCKER_HOST. Nothing of it is left at the end.

    Raises NotHereError with its last words where it does not start.
    """
    with machine.left_as_it_was():
        folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
        try:
            with _serving(folder) as host:
                yield host
        finally:
            shutil.rmtree(folder)


@contextmanager
def client(host: str) -> Iterator[docker.DockerClient]:
    """A client of the engine."""
    made = docker.DockerClient(base_url=host, version=API_VERSION, timeout=_REQUEST_SECONDS)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    host = f"unix://{folder}/docker.sock"
    command = [
        "dockerd",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        f"--host={host}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the tests, which end the engine after what they made with it.
            start_new_session=True,
        )
    try:
        _await_answer(host, process, folder / "log")
        yield host
        _empty(host)
    finally:
        _end(process)


def _await_answer(host: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _listens(host.removeprefix("unix://")):
            with client(host) as made:
                made.ping()
            return
        time.sleep(0.1)
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LAST_LINES:]
    raise NotHereError(f"dockerd does not serve: {'; '.join(words)}")


def _listens(path: str) -> bool:
    # Not the SDK, which forgets to close a socket that it could not connect.
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _empty(host: str) -> None:
    """Remove what a failed test left running: an engine that ends does not unmount it."""
    with client(host) as made:
        for container in made.containers.list(all=True):
            container.remove(force=True, v=True)
        made.networks.prune()


def _end(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
