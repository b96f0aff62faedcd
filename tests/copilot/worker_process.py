"""The worker as its users start it: a process with an environment."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

LIMIT_SECONDS = 60
NOBODY = "127.0.0.1:9"  # the discard port: refused at once


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def environment(**variables: str) -> dict[str, str]:
    """This process' environment with only the given settings of the Copilot."""
    foreign = ("COPILOT_", "TEMPORAL_", "MONITORED_", "PROMETHEUS_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | variables


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
class Running:
    """A worker that serves; `lines` is what it wrote so far."""

    process: Process
    http: httpx.AsyncClient
    lines: list[str]

    async def get(self, path: str) -> httpx.Response | None:
        try:
            return await self.http.get(path)
        except httpx.TransportError:
            return None


@asynccontextmanager
async def running(variables: dict[str, str]) -> AsyncIterator[Running]:
    port = free_port()
    process = await start(variables | {"COPILOT_WORKER_PORT": str(port)})
    lines: list[str] = []

    async def read() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            lines.append(line.decode().rstrip())  # noqa: PERF401 - others look meanwhile

    reading = asyncio.create_task(read())
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as http:
            yield Running(process, http, lines)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
