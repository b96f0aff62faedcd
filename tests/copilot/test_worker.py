"""The worker as a process: what it says when it cannot run, and what it bears when it can."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from copilot.store.repository import Repository
from tests import postgres
from tests.copilot.worker_process import NOBODY, free_port, run_to_end, running
from tests.copilot.workflows.loop import temporal_test_server

SECRET = "not-in-any-message"  # noqa: S105
STORE = f"postgresql://copilot:{SECRET}@{NOBODY}/copilot"


@pytest.fixture
def temporal() -> Iterator[str]:
    """Address of an in-memory Temporal, which keeps real time while nobody asks it to skip."""
    port = free_port()
    server = subprocess.Popen([temporal_test_server(), str(port)])
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def test_wrong_settings_are_one_line_that_names_each() -> None:
    code, lines = await run_to_end({"COPILOT_CYCLE_SECONDS": "0", "COPILOT_CYCLE_SECOND": "30"})
    assert code == 2
    assert len(lines) == 1
    assert "COPILOT_CYCLE_SECONDS" in lines[0]
    assert "did you mean COPILOT_CYCLE_SECONDS?" in lines[0]
    assert "COPILOT_DATABASE_URL" in lines[0]


async def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, lines = await run_to_end(
            {"COPILOT_DATABASE_URL": STORE, "COPILOT_WORKER_PORT": str(port)}
        )
    assert code == 2
    assert len(lines) == 1
    assert f"127.0.0.1:{port}" in lines[0]


async def test_a_temporal_that_never_answers_is_waited_for_and_then_one_line() -> None:
    began = time.monotonic()
    code, lines = await run_to_end(
        {
            "COPILOT_DATABASE_URL": STORE,
            "COPILOT_WORKER_PORT": str(free_port()),
            "TEMPORAL_ADDRESS": NOBODY,
        }
    )
    assert code == 2
    assert time.monotonic() - began > 9
    progress, error = lines
    assert "waiting" in progress
    assert NOBODY in error
    assert "TEMPORAL_ADDRESS" in error
    assert "Traceback" not in error


async def test_it_goes_on_judging_without_any_source_and_stores_all_when_the_store_returns(
    temporal: str,
) -> None:
    with postgres.running() as server, server.database() as url:
        variables = {
            "COPILOT_DATABASE_URL": url,
            "TEMPORAL_ADDRESS": temporal,
            "MONITORED_TEMPORAL_ADDRESS": NOBODY,
            "PROMETHEUS_ENDPOINT": f"http://{NOBODY}",
            "COPILOT_CYCLE_SECONDS": "1",
        }
        async with running(variables) as worker, Repository.open(url) as repository:

            async def stored() -> list[int]:
                now = datetime.now(UTC)
                day = timedelta(days=1)
                points = await repository.cycles("monitored", now - day, now + day, 1000)
                return [point.cycle for point in points]

            async def unknown_cycles() -> float:
                response = await worker.get("/metrics")
                families = text_string_to_metric_families(response.text if response else "")
                samples = (sample for family in families for sample in family.samples)
                return next(
                    (
                        sample.value
                        for sample in samples
                        if sample.name == "copilot_cycles_total"
                        and sample.labels["outcome"] == "unknown"
                    ),
                    0,
                )

            async def ready_says(field: str, words: str) -> bool:
                response = await worker.get("/readyz")
                return response is not None and words in response.json()[field]

            async def is_alive() -> bool:
                response = await worker.get("/healthz")
                return response is not None and response.status_code == 200

            await until(is_alive)
            await until(lambda: ready_says("store", "ok"))
            await until(lambda: ready_says("problem", "no verdict yet"))

            server.stop()
            await until(lambda: ready_says("store", "does not answer"))
            before = await unknown_cycles()

            async def three_more() -> bool:
                return await unknown_cycles() >= before + 3

            await until(three_more)
            server.start()

            async def caught_up() -> bool:
                return len(await stored()) >= before + 3

            await until(caught_up)
            cycles = await stored()
            assert cycles == list(range(1, len(cycles) + 1))

            asked = time.monotonic()
            worker.process.terminate()
            async with asyncio.timeout(30):
                assert await worker.process.wait() == 0
            assert time.monotonic() - asked < 8
        said = "\n".join(worker.lines)
        assert "Traceback" not in said
        assert postgres.PASSWORD not in said
        assert all(line.startswith("20") for line in worker.lines)
