"""A store that stops and starts again, under a running API."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx

from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.builders import records_of, snapshot
from tests.copilot.api.serving import LIMIT_SECONDS, serving
from tests.postgres import PASSWORD, Postgres
from tests.waiting import until

DATA_ROUTES = (
    "/status",
    "/status/summary",
    "/status/gates",
    "/status/services",
    "/status/queues",
    "/status/issues",
    "/status/timeline",
)


async def fill(url: str) -> None:
    await migrate(url)
    async with Repository.open(url) as store:
        await store.save(records_of([snapshot(datetime.now(UTC))]))


def get_problem(client: httpx.Client, route: str) -> dict[str, Any]:
    response = client.get(route)
    assert response.status_code == 503, response.text
    problem: dict[str, Any] = response.json()
    return problem


def test_reads_fail_until_the_store_is_back(own_postgres: Postgres, own_database_url: str) -> None:
    asyncio.run(fill(own_database_url))
    # A cycle of 5 minutes: the verdict stays fresh while the test runs.
    with (
        serving(own_database_url, COPILOT_CYCLE_SECONDS="300") as process,
        httpx.Client(base_url=process.url, timeout=LIMIT_SECONDS) as client,
    ):
        assert client.get("/status").json()["health_state"] == "happy"
        with own_postgres.stopped():
            until(lambda: client.get("/status").status_code == 503, LIMIT_SECONDS, "no store")
            for route in DATA_ROUTES:
                problem = get_problem(client, route)
                assert problem["error"] == "store_unavailable", route
                assert problem["health_state"] == "unknown"
                assert "\n" not in problem["reason"]
                assert PASSWORD not in problem["reason"]
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            exposition = client.get("/metrics").text
            assert "copilot_api_store_up 0.0" in exposition
            assert 'copilot_api_health_state{cluster="monitored",state="unknown"} 1.0' in exposition
        until(lambda: client.get("/readyz").status_code == 200, LIMIT_SECONDS, "ready again")

        def is_happy() -> bool:
            return bool(client.get("/status").json()["health_state"] == "happy")

        # The last failed read is shared for a second.
        until(is_happy, LIMIT_SECONDS, "the verdict is served again")
        assert "Traceback" not in process.log


def test_the_api_starts_without_a_store(own_postgres: Postgres, own_database_url: str) -> None:
    asyncio.run(fill(own_database_url))
    with (
        own_postgres.stopped(),
        serving(own_database_url, COPILOT_CYCLE_SECONDS="300") as process,
        httpx.Client(base_url=process.url, timeout=LIMIT_SECONDS) as client,
    ):
        assert get_problem(client, "/status")["error"] == "store_unavailable"
        assert client.get("/").status_code == 200
        own_postgres.start()
        until(lambda: client.get("/status").status_code == 200, LIMIT_SECONDS, "store is back")


def test_a_store_without_tables_needs_the_migration(database_url: str) -> None:
    with (
        serving(database_url) as process,
        httpx.Client(base_url=process.url, timeout=LIMIT_SECONDS) as client,
    ):
        for route in (*DATA_ROUTES, "/readyz"):
            assert "copilot.store.migrate" in get_problem(client, route)["reason"], route
