"""The API as its own process, as a user starts it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[3]
# Machines that run several test sessions at once start a process slowly.
LIMIT_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def eventually(condition: Callable[[], bool], what: str, limit: float = LIMIT_SECONDS) -> None:
    """Return as soon as `condition` holds; fail with `what` when it does not in `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit:g} s: {what}"
        time.sleep(0.05)


class ApiProcess:
    """`python -m copilot.api` with an environment of its own; `log` is what it wrote."""

    def __init__(self, database_url: str, log: Path, variables: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        mine = {"COPILOT_DATABASE_URL": database_url, "COPILOT_API_PORT": str(self.port)}
        others = {k: v for k, v in os.environ.items() if not k.startswith("COPILOT_")}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "copilot.api"],
                cwd=ROOT,
                env=others | mine | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def answers(self) -> bool:
        assert self._process.poll() is None, f"the API ended: {self.log}"
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait(self) -> int:
        return self._process.wait(LIMIT_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after `how`."""
        self._process.send_signal(how)
        return self.wait()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(LIMIT_SECONDS)


@contextmanager
def api_process(database_url: str, **variables: str) -> Iterator[ApiProcess]:
    """An API that may or may not come up; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="copilot-tests-api-") as folder:
        process = ApiProcess(database_url, Path(folder) / "log", variables)
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(database_url: str, **variables: str) -> Iterator[ApiProcess]:
    """An API that answers."""
    with api_process(database_url, **variables) as process:
        eventually(process.answers, "the API answers /healthz")
        yield process
