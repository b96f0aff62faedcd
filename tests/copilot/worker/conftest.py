import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.binaries import dev_server
from lab.ports import accepts
from tests.copilot.workflows.loop import temporal_test_server
from tests.ports import free_port
from tests.waiting import until

SECONDS = 180


@pytest.fixture
def temporal() -> Iterator[str]:
    """Address of an in-memory Temporal, in real time."""
    port = free_port()
    yield from _serving([temporal_test_server(), str(port)], port)


@pytest.fixture
def dev_temporal() -> Iterator[str]:
    """Address of a development server, whose tasks go to any of its pollers."""
    port = free_port()
    options = ["--headless", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    yield from _serving([dev_server(), "server", "start-dev", *options], port)


def _serving(command: list[str | Path], port: int) -> Iterator[str]:
    server = subprocess.Popen(command)
    try:
        # A worker waits only for 10 s.
        until(lambda: accepts(port), SECONDS, "the server listens")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(SECONDS)
