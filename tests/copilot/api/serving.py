"""`python -m copilot.api` as a process."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.waiting import until

ROOT = Path(__file__).parents[3]
# A machine that runs several test sessions starts processes slowly.
LIMIT_SECONDS = 180.0


class ApiProcess:
    """The process, on a free port; `log` is its output."""

    def __init__(self, database_url: str, log: Path, variables: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        settings = {"COPILOT_DATABASE_URL": database_url, "COPILOT_API_PORT": str(self.port)}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("COPILOT_")}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "copilot.api"],
                cwd=ROOT,
                env=inherited | settings | variables,
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

    def is_up(self) -> bool:
        assert self._process.poll() is None, f"the API ended: {self.log}"
        try:
            return httpx.get(f"{self.url}/healthz", timeout=LIMIT_SECONDS).status_code == 200
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
    """An API that may fail to start; killed at the end."""
    with tempfile.TemporaryDirectory(prefix="copilot-tests-api-") as folder:
        process = ApiProcess(database_url, Path(folder) / "log", variables)
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(database_url: str, **variables: str) -> Iterator[ApiProcess]:
    """An API that is up."""
    with api_process(database_url, **variables) as process:
        until(process.is_up, LIMIT_SECONDS, "the API is up")
        yield process
