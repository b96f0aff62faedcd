import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.copilot.workflows.loop import temporal_test_server
from tests.ports import free_port
from tests.waiting import until

SECONDS = 180


@pytest.fixture
def temporal() -> Iterator[str]:
    """Address of an in-memory Temporal, in real time."""
    port = free_port()
    server = subprocess.Popen([temporal_test_server(), str(port)])

    def listens() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    try:
        # A worker waits only for 10 s.
        until(listens, SECONDS, "the server listens")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(SECONDS)
