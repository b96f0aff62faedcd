"""A store that goes away and comes back, under a running API."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from tests.copilot.api.serving import eventually, serving
from tests.copilot.factories import judged, snapshot
from tests.postgres import PASSWORD, Postgres, running

DATA_ROUTES = (
    "/status",
    "/status/summary",
    "/status/gates",
    "/status/services",
    "/status/queues",
    "/status/issues",
    "/status/timeline",
)


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """Not the session's server: this one is stopped."""
    with running() as server:
        yield server


async def fill(url: str) -> None:
    await migrate(url)
    async with Repository.open(url) as store:
        await store.save(judged([snapshot(datetime.now(UTC))]))


def refusal(client: httpx.Client, route: str) -> dict[str, Any]:
    response = client.get(route)
    assert response.status_code == 503, response.text
    problem: dict[str, Any] = response.json()
    return problem


def test_store_goes_and_comes_back(own_postgres: Postgres) -> None:
    with own_postgres.database() as url:
        asyncio.run(fill(url))
        # A cycle of 5 minutes: the verdict stays fresh while the test runs.
        with (
            serving(url, COPILOT_CYCLE_SECONDS="300") as process,
            httpx.Client(base_url=process.url, timeout=20) as client,
        ):
            assert client.get("/status").json()["health_state"] == "happy"
            own_postgres.stop()
            try:
                eventually(lambda: client.get("/status").status_code == 503, "503 without a store")
                for route in DATA_ROUTES:
                    problem = refusal(client, route)
                    assert problem["error"] == "store_unavailable", route
                    assert problem["health_state"] == "unknown"
                    assert "\n" not in problem["reason"]
                    assert PASSWORD not in problem["reason"]
                assert client.get("/readyz").status_code == 503
                assert client.get("/healthz").status_code == 200
                exposition = client.get("/metrics").text
                assert "copilot_api_store_up 0.0" in exposition
                assert 'copilot_api_health_state{cluster="monitored",state="unknown"} 1.0' in (
                    exposition
                )
            finally:
                own_postgres.start()
            eventually(lambda: client.get("/readyz").status_code == 200, "ready again")
            assert client.get("/status").json()["health_state"] == "happy"
            assert "Traceback" not in process.log


def test_starts_without_a_store_and_finds_it_later(own_postgres: Postgres) -> None:
    with own_postgres.database() as url:
        asyncio.run(fill(url))
        own_postgres.stop()
        try:
            with (
                serving(url, COPILOT_CYCLE_SECONDS="300") as process,
                httpx.Client(base_url=process.url, timeout=20) as client,
            ):
                assert "does not answer" in refusal(client, "/status")["reason"]
                assert client.get("/").status_code == 200
                own_postgres.start()
                eventually(lambda: client.get("/status").status_code == 200, "the store is found")
        finally:
            if not is_up(own_postgres):
                own_postgres.start()


def test_store_without_tables_says_how_to_migrate(own_postgres: Postgres) -> None:
    with (
        own_postgres.database() as url,
        serving(url) as process,
        httpx.Client(base_url=process.url, timeout=20) as client,
    ):
        for route in (*DATA_ROUTES, "/readyz"):
            assert "copilot.store.migrate" in refusal(client, route)["reason"], route


def is_up(server: Postgres) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{server.port}", timeout=5)
    except httpx.ConnectError:
        return False
    except httpx.HTTPError:
        return True  # it answers, though not in HTTP
    return True
