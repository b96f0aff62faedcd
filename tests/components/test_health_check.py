"""The health check's own script, run by a shell, with the time between checks shortened."""

import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import health_check
from components.workload import Probe

TIME_LIMIT_SECONDS = 300
READY_INTERVAL = 3


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator["Check"]:
    mark = f"test-{uuid.uuid4()}"
    monkeypatch.setattr(health_check, "READY_INTERVAL", READY_INTERVAL)
    monkeypatch.setattr(health_check, "MARK", mark)
    yield Check(tmp_path / "ready")
    Path("/dev", "shm", mark).unlink(missing_ok=True)


class Check:
    """A service that is ready while a file exists, and its check."""

    def __init__(self, ready: Path) -> None:
        self.ready = ready

    def __call__(self) -> tuple[bool, float]:
        """Whether the check succeeds, and its seconds."""
        made = health_check.health_check(Probe(("test", "-e", str(self.ready)), interval=0))
        command = [str(word) for word in made.tests or []]  # type: ignore[union-attr]
        start = time.monotonic()
        done = subprocess.run(command[1:], timeout=TIME_LIMIT_SECONDS, check=False)
        return done.returncode == 0, time.monotonic() - start


def test_a_service_that_was_ready_is_checked_less_often(check: Check) -> None:
    check.ready.touch()
    assert check()[0]
    is_ready, seconds = check()
    assert is_ready
    assert seconds >= READY_INTERVAL


def test_a_service_that_is_not_ready_is_checked_at_once(check: Check) -> None:
    assert not check()[0]
    check.ready.touch()
    assert check()[0]
    check.ready.unlink()
    assert not check()[0]
    check.ready.touch()
    is_ready, _ = check()
    assert is_ready
