from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from copilot.signals.names import SignalName as S
from copilot.store.repository import Repository
from tests.copilot.factories import every_cycle, judged, snapshot, starved

SLOW = {S.PERSISTENCE_LATENCY_P95: 640.0}


async def restless(repository: Repository, last: datetime) -> list[datetime]:
    """Twelve cycles that change their state at the first, third, seventh and tenth."""
    times = every_cycle(last, 12)
    bad = {2, 3, 4, 9, 10, 11}
    await repository.save(
        judged([snapshot(t, SLOW if i in bad else None) for i, t in enumerate(times)])
    )
    return [times[0], times[2], times[6], times[9]]


async def timeline(api: httpx.AsyncClient, **parameters: str) -> dict[str, Any]:
    response = await api.get("/status/timeline", params=parameters)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_timeline_ascends_with_states_before_and_after(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    changes = await restless(repository, datetime.now(UTC))
    answer = await timeline(api)
    found = answer["timeline"]
    assert [datetime.fromisoformat(change["timestamp"]) for change in found] == changes
    states = [(change["previous_state"], change["health_state"]) for change in found]
    assert states == [
        ("unknown", "happy"),
        ("happy", "stressed"),
        ("stressed", "happy"),
        ("happy", "stressed"),
    ]
    assert found[1]["causes"] == [{"kind": "persistence", "name": "persistence"}]
    assert answer["state_at_start"] == "unknown"
    assert answer["gaps"] == []
    assert answer["next_cursor"] is None
    window = datetime.fromisoformat(answer["end"]) - datetime.fromisoformat(answer["start"])
    assert window == timedelta(hours=24)


async def test_timeline_pages_through_all_changes_once(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    changes = await restless(repository, datetime.now(UTC))
    seen, cursor = [], ""
    for _ in range(len(changes)):
        page = await timeline(api, limit="1", **({"cursor": cursor} if cursor else {}))
        seen += [datetime.fromisoformat(change["timestamp"]) for change in page["timeline"]]
        cursor = page["next_cursor"]
    assert seen == changes
    assert cursor is None


async def test_timeline_of_a_window_says_what_held_at_its_start(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    changes = await restless(repository, datetime.now(UTC) - timedelta(hours=1))
    answer = await timeline(
        api,
        start=(changes[1] + timedelta(seconds=1)).isoformat(),
        end=(changes[3] - timedelta(seconds=1)).astimezone().isoformat(),
    )
    assert answer["state_at_start"] == "stressed"
    assert [change["health_state"] for change in answer["timeline"]] == ["happy"]


async def test_timeline_tells_when_nobody_looked(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    before, after = every_cycle(now - timedelta(hours=2), 3), every_cycle(now, 3)
    await repository.save(judged([snapshot(t) for t in (*before, *after)]))
    (gap,) = (await timeline(api))["gaps"]
    # A verdict counts for three cycles of 30 s.
    assert datetime.fromisoformat(gap["start"]) == before[-1] + timedelta(seconds=90)
    assert datetime.fromisoformat(gap["end"]) == after[0]


async def test_a_dead_worker_is_a_gap_that_goes_on_until_now(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    last = datetime.now(UTC) - timedelta(hours=1)
    await repository.save(judged([snapshot(last)]))
    later = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    (gap,) = (await timeline(api, end=later))["gaps"]
    assert datetime.fromisoformat(gap["end"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"start": "yesterday"}, "start"),
        ({"start": "2026-01-01T00:00:00"}, "start"),  # no zone
        ({"end": "0001-01-01T00:00:00+14:00"}, "end"),
        ({"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "start"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"cursor": "none-of-ours"}, "cursor"),
        ({"cursor": "\N{SNOWMAN}"}, "cursor"),
    ],
)
async def test_wrong_timeline_parameter_is_named(
    api: httpx.AsyncClient, parameters: dict[str, str], named: str
) -> None:
    response = await api.get("/status/timeline", params=parameters)
    assert response.status_code == 422
    problem = response.json()
    assert problem["error"] == "wrong_parameter"
    assert problem["reason"].startswith(f"{named}: ")
    assert "\n" not in problem["reason"]


async def issues(api: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    response = await api.get("/status/issues", params=parameters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["issues"]
    return found


async def test_issues_carry_causes_and_checks_until_they_are_over(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = every_cycle(datetime.now(UTC), 4)
    queues = [starved("orders")]
    await repository.save(
        judged(
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
    assert "orders" in starving["title"]
    assert "1270" in starving["description"]
    assert starving["likely_causes"]
    assert starving["next_checks"]
    assert starving["resolved_at"] is None
    assert datetime.fromisoformat(starving["opened_at"]) == times[1]

    past = {issue["gate"]: issue for issue in await issues(api, open="false")}
    assert datetime.fromisoformat(past["persistence_latency"]["resolved_at"]) == times[2]
    assert [i["gate"] for i in await issues(api, severity="critical")] == ["service_down"]
    assert len(await issues(api, limit="1")) == 1


@pytest.mark.parametrize("parameters", [{"limit": "101"}, {"severity": "mild"}, {"open": "ajar"}])
async def test_wrong_issue_parameter_is_refused(
    api: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    assert (await api.get("/status/issues", params=parameters)).status_code == 422
