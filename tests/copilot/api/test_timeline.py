"""`/status/timeline`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from copilot.signals.signal_names import SignalName as S
from copilot.store.repository import Repository
from tests.builders import cycle_times, records_of, snapshot

SLOW = {S.PERSISTENCE_LATENCY_P95: 640.0}


async def save_changes(repository: Repository, last: datetime) -> list[datetime]:
    """Save twelve cycles; the state changes at the first, third, seventh and tenth."""
    times = cycle_times(last, 12)
    bad = {2, 3, 4, 9, 10, 11}
    await repository.save(
        records_of([snapshot(t, SLOW if i in bad else None) for i, t in enumerate(times)])
    )
    return [times[0], times[2], times[6], times[9]]


async def timeline(api: httpx.AsyncClient, **parameters: str) -> dict[str, Any]:
    response = await api.get("/status/timeline", params=parameters)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


async def test_changes_ascend_with_states_before_and_after(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    changes = await save_changes(repository, datetime.now(UTC))
    page = await timeline(api)
    found = page["timeline"]
    assert [datetime.fromisoformat(change["timestamp"]) for change in found] == changes
    states = [(change["previous_state"], change["health_state"]) for change in found]
    assert states == [
        ("unknown", "happy"),
        ("happy", "stressed"),
        ("stressed", "happy"),
        ("happy", "stressed"),
    ]
    assert found[1]["causes"] == [{"kind": "persistence", "name": "persistence"}]
    assert page["state_at_start"] == "unknown"
    assert page["gaps"] == []
    assert page["next_cursor"] is None
    window = datetime.fromisoformat(page["end"]) - datetime.fromisoformat(page["start"])
    assert window == timedelta(hours=24)


async def test_pages_have_each_change_once(api: httpx.AsyncClient, repository: Repository) -> None:
    changes = await save_changes(repository, datetime.now(UTC))
    seen, cursor = [], ""
    for _ in range(len(changes)):
        page = await timeline(api, limit="1", **({"cursor": cursor} if cursor else {}))
        seen += [datetime.fromisoformat(change["timestamp"]) for change in page["timeline"]]
        cursor = page["next_cursor"]
    assert seen == changes
    assert cursor is None


async def test_a_window_has_the_state_at_its_start(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    changes = await save_changes(repository, datetime.now(UTC) - timedelta(hours=1))
    page = await timeline(
        api,
        start=(changes[1] + timedelta(seconds=1)).isoformat(),
        end=(changes[3] - timedelta(seconds=1)).astimezone().isoformat(),
    )
    assert page["state_at_start"] == "stressed"
    assert [change["health_state"] for change in page["timeline"]] == ["happy"]


async def test_a_time_without_cycles_is_a_gap(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    before, after = cycle_times(now - timedelta(hours=2), 3), cycle_times(now, 3)
    await repository.save(records_of([snapshot(t) for t in (*before, *after)]))
    (gap,) = (await timeline(api))["gaps"]
    # A verdict counts for three cycles of 30 s.
    assert datetime.fromisoformat(gap["start"]) == before[-1] + timedelta(seconds=90)
    assert datetime.fromisoformat(gap["end"]) == after[0]


async def test_a_gap_without_a_later_verdict_ends_now(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    last = datetime.now(UTC) - timedelta(hours=1)
    await repository.save(records_of([snapshot(last)]))
    later = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    (gap,) = (await timeline(api, end=later))["gaps"]
    assert datetime.fromisoformat(gap["end"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"start": "yesterday"}, "start"),
        ({"start": "2026-01-01T00:00:00"}, "start"),  # no zone
        ({"end": "0001-01-01T00:00:00+14:00"}, "end"),
        ({"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "start"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"cursor": "not-a-cursor"}, "cursor"),
        ({"cursor": "\N{SNOWMAN}"}, "cursor"),
    ],
)
async def test_an_invalid_parameter_is_named(
    api: httpx.AsyncClient, parameters: dict[str, str], name: str
) -> None:
    response = await api.get("/status/timeline", params=parameters)
    assert response.status_code == 422
    problem = response.json()
    assert problem["error"] == "wrong_parameter"
    assert problem["reason"].startswith(f"{name}: ")
    assert "\n" not in problem["reason"]
