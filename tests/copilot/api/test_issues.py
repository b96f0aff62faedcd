"""`/status/issues`."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from copilot.signals.signal_names import SignalName as S
from copilot.store.repository import Repository
from tests.builders import cycle_times, records_of, snapshot, starved_queue

SLOW = {S.PERSISTENCE_LATENCY_P95: 640.0}


async def issues(api: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    response = await api.get("/status/issues", params=parameters)
    assert response.status_code == 200, response.text
    entries: list[dict[str, Any]] = response.json()["issues"]
    return entries


async def test_issues_have_causes_and_checks_until_they_are_resolved(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = cycle_times(datetime.now(UTC), 4)
    queues = [starved_queue("orders")]
    await repository.save(
        records_of(
            [
                snapshot(times[0], SLOW),
                snapshot(times[1], SLOW, queues=queues),
                snapshot(times[2], queues=queues),
                snapshot(times[3], queues=queues, down=["matching"]),
            ]
        )
    )
    found = {issue["gate"]: issue for issue in await issues(api)}
    assert set(found) == {"service_down", "starved_queue"}
    starving = found["starved_queue"]
    assert "orders" in starving["subject"]
    assert starving["document"] == "starved-queue"
    assert starving["likely_causes"]
    assert starving["next_checks"]
    assert starving["resolved_at"] is None
    assert datetime.fromisoformat(starving["opened_at"]) == times[1]

    past = {issue["gate"]: issue for issue in await issues(api, open="false")}
    assert datetime.fromisoformat(past["persistence_latency"]["resolved_at"]) == times[2]
    assert [i["gate"] for i in await issues(api, severity="critical")] == ["service_down"]
    assert len(await issues(api, limit="1")) == 1


@pytest.mark.parametrize("parameters", [{"limit": "101"}, {"severity": "mild"}, {"open": "ajar"}])
async def test_invalid_parameters_are_rejected(
    api: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    assert (await api.get("/status/issues", params=parameters)).status_code == 422
