"""The worker as a process."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.ports import free_port

LIMIT_SECONDS = 180
REFUSING_ADDRESS = "127.0.0.1:9"
"""The discard port, which refuses connections."""


def environment(**variables: str) -> dict[str, str]:
    """The environment of the tests, with only the given settings of the Copilot."""
    prefixes = ("COPILOT_", "TEMPORAL_", "MONITORED_", "PROMETHEUS_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return inherited | variables


async def start(variables: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "copilot.worker", env=environment(**variables), stderr=PIPE
    )


async def run_to_end(variables: dict[str, str]) -> tuple[int, list[str]]:
    """Exit code and lines on stderr of a worker that ends by itself."""
    process = await start(variables)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            _, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, stderr.decode().splitlines()


@dataclass
class WorkerProcess:
    """A running worker; `lines` are its lines on stderr so far."""

    process: Process
    http: httpx.AsyncClient
    lines: list[str]

    async def get(self, path: str) -> httpx.Response | None:
        try:
            return await self.http.get(path)
        except httpx.TransportError:
            return None


@asynccontextmanager
async def running(variables: dict[str, str]) -> AsyncIterator[WorkerProcess]:
    port = free_port()
    process = await start(variables | {"COPILOT_WORKER_PORT": str(port)})
    lines: list[str] = []

    async def read() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            lines.append(line.decode().rstrip())  # noqa: PERF401 - tests read the list meanwhile

    reading = asyncio.create_task(read())
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_SECONDS
        ) as http:
            yield WorkerProcess(process, http, lines)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
