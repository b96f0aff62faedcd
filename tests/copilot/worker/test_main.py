"""The worker as a process: its errors at the start, and its cycles without sources and store."""

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from copilot.store.repository import Repository
from tests.copilot.worker.process import REFUSING_ADDRESS, WorkerProcess, run_to_end, running
from tests.fakes.http_server import Response, serving
from tests.ports import free_port
from tests.postgres import PASSWORD, Postgres
from tests.waiting import until_async

SECONDS = 180
SECRET = "not-in-any-message"  # noqa: S105
STORE = f"postgresql://copilot:{SECRET}@{REFUSING_ADDRESS}/copilot"


async def test_wrong_settings_end_it_with_one_line_that_names_each() -> None:
    code, lines = await run_to_end({"COPILOT_CYCLE_SECONDS": "0", "COPILOT_CYCLE_SECOND": "30"})
    assert code == 2
    assert len(lines) == 1
    assert "COPILOT_CYCLE_SECONDS" in lines[0]
    assert "COPILOT_DATABASE_URL" in lines[0]


async def test_a_port_in_use_ends_it_with_one_line() -> None:
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


async def test_a_temporal_that_does_not_answer_ends_it_after_10_s() -> None:
    began = time.monotonic()
    code, lines = await run_to_end(
        {
            "COPILOT_DATABASE_URL": STORE,
            "COPILOT_WORKER_PORT": str(free_port()),
            "TEMPORAL_ADDRESS": REFUSING_ADDRESS,
        }
    )
    assert code == 2
    assert time.monotonic() - began > 9
    progress, error = lines
    assert REFUSING_ADDRESS in progress
    assert REFUSING_ADDRESS in error
    assert "TEMPORAL_ADDRESS" in error
    assert "Traceback" not in error


@dataclass
class Observed:
    """What a running worker reports over HTTP, and what it stored."""

    worker: WorkerProcess
    repository: Repository

    async def is_alive(self) -> bool:
        response = await self.worker.get("/healthz")
        return response is not None and response.status_code == 200

    async def store_is_ok(self) -> bool:
        response = await self.worker.get("/readyz")
        return response is not None and response.json()["store"] == "ok"

    async def unknown_cycles(self) -> int:
        """Cycles without a view since the worker started, of which there are none at first."""
        response = await self.worker.get("/metrics")
        families = text_string_to_metric_families(response.text if response else "")
        return sum(
            int(sample.value)
            for family in families
            for sample in family.samples
            if sample.name == "copilot_cycles_total" and sample.labels["outcome"] == "unknown"
        )

    async def stored_cycles(self) -> list[int]:
        now, day = datetime.now(UTC), timedelta(days=1)
        points = await self.repository.cycle_points("monitored", now - day, now + day, 1000)
        return [point.cycle for point in points]


@pytest.fixture
def denying_store() -> Iterator[str]:
    """A metrics store that denies access, and repeats the password in its answer."""
    with serving(lambda request: Response(str(dict(request.headers)), 401)) as url:
        yield url


async def test_cycles_go_on_without_any_source_and_reach_the_store_after_its_outage(
    temporal: str, denying_store: str, own_postgres: Postgres, own_database_url: str
) -> None:
    variables = {
        "COPILOT_DATABASE_URL": own_database_url,
        "TEMPORAL_ADDRESS": temporal,
        "MONITORED_TEMPORAL_ADDRESS": REFUSING_ADDRESS,
        "PROMETHEUS_ENDPOINT": denying_store,
        "COPILOT_METRICS_TOKEN": SECRET,
        "COPILOT_MONITORED_API_KEY_FILE": "/nowhere/api-key",
        "COPILOT_CYCLE_SECONDS": "2",
        "COPILOT_LOG_LEVEL": "DEBUG",
    }
    async with running(variables) as worker, Repository.open(own_database_url) as repository:
        observed = Observed(worker, repository)

        def stored_text() -> str:
            with psycopg.connect(own_database_url) as connection:
                return str(connection.execute("SELECT * FROM cycles").fetchall())

        def says_why() -> bool:
            text = stored_text()
            return "HTTP 401" in text and "cannot read /nowhere/api-key" in text

        async def store_is_down() -> bool:
            return not await observed.store_is_ok()

        async def three_cycles_more() -> bool:
            return await observed.unknown_cycles() >= before + 3

        async def three_cycles_more_are_stored() -> bool:
            return len(await observed.stored_cycles()) >= before + 3

        await until_async(observed.is_alive, SECONDS, "the worker is alive")
        await until_async(observed.store_is_ok, SECONDS, "the store is used")
        await until_async(observed.unknown_cycles, SECONDS, "a cycle without a view")
        # On a busy machine a collection may take longer than its share of a cycle.
        await until_async(says_why, SECONDS, "a stored cycle says why it has no view")
        response = await worker.get("/readyz")
        assert response is not None
        assert response.status_code == 503

        with own_postgres.stopped():
            await until_async(store_is_down, SECONDS, "the worker reports the store's outage")
            before = await observed.unknown_cycles()
            await until_async(three_cycles_more, SECONDS, "three more cycles")
        await until_async(three_cycles_more_are_stored, SECONDS, "the outage's cycles are stored")
        cycles = await observed.stored_cycles()
        assert cycles == list(range(1, len(cycles) + 1))
        assert SECRET not in stored_text()

        worker.process.terminate()
        async with asyncio.timeout(SECONDS):
            assert await worker.process.wait() == 0
    log = "\n".join(worker.lines)
    assert "Traceback" not in log
    assert PASSWORD not in log
    assert SECRET not in log
    assert all(line.startswith("20") for line in worker.lines)
