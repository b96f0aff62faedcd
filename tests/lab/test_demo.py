"""`python -m lab demo`: a verdict, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import psutil
import pytest

from tests.lab.servers import require_servers

# 45 s is the target on a quiet machine, after the build of the servers.
VERDICT_SECONDS = 300
STOP_SECONDS = 180


@pytest.fixture(scope="module", autouse=True)
def built_servers() -> None:
    require_servers()


class Demo:
    """A demo on free ports, with its lines so far."""

    def __init__(self, folder: Path, options: Sequence[str], environment: dict[str, str]) -> None:
        self.folder = folder
        self.output: list[str] = []
        self._lines: Queue[str] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab", "demo", "--free-ports", "--folder", folder, *options],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self.process.stdout.close()

    def until(self, pattern: str, seconds: float) -> str:
        """Return the first line with `pattern`; fail if none comes within `seconds`."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except Empty:
                pytest.fail(f"no line like {pattern!r}: {self.output}")
            self.output.append(line)
            if re.search(pattern, line):
                return line

    def end(self) -> int:
        """Wait for its last lines; return its exit code."""
        code = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        while not self._lines.empty():
            self.output.append(self._lines.get_nowait())
        return code

    def processes(self) -> list[psutil.Process]:
        """Its children, and the processes that use its folder."""
        started = psutil.Process(self.process.pid).children(recursive=True)
        return started + processes_of(self.folder)


def processes_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in part for part in process.info["cmdline"] or ())
        and process.pid != os.getpid()
    ]


def left_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The processes that still run after the end of the demo."""
    return [process for process in processes if process.is_running()]


@contextmanager
def demo(folder: Path, *options: str, **environment: str) -> Iterator[Demo]:
    running = Demo(folder, options, environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            running.end()
        # A failed demo must not leave a cluster.
        for process in processes_of(folder):
            process.kill()


def test_a_demo_prints_its_pages_and_a_verdict_and_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path / "lab") as running:
        page = running.until(r"^Copilot: +http://127.0.0.1:\d+", VERDICT_SECONDS)
        verdict = running.until("^first verdict after", VERDICT_SECONDS)
        assert "happy" in verdict, running.output
        assert any("starter" in line or "mid scale" in line for line in running.output)
        processes = running.processes()
        assert len(processes) >= 7
        # The second signal does not interrupt stopping.
        running.process.send_signal(signal.SIGINT)
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0
        assert running.output[-2:] == ["stopping", "stopped"]
        assert "Traceback" not in "".join(running.output)
        assert left_of(processes) == []
        assert page.rpartition(":")[2].isdigit()


def test_a_demo_that_is_stopped_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path / "lab") as running:
        running.until("^postgres ready", VERDICT_SECONDS)
        processes = running.processes()
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0
        assert "Traceback" not in "".join(running.output), running.output
        assert left_of(processes) == []
        assert processes_of(running.folder) == []


def test_a_demo_that_cannot_start_prints_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path / "lab", "--full", TEMPORAL_UI_BIN="/bin/false") as running:
        error = running.until("^error: ", VERDICT_SECONDS)
        assert "temporal-ui" in error
        assert running.end() == 2
        assert running.output[-1] == error
        assert "Traceback" not in "".join(running.output)
        assert processes_of(running.folder) == []
