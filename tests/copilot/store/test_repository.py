import asyncio
from datetime import timedelta

import psycopg
import pytest

from copilot.health.decision import State
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.store import retention
from copilot.store.records import StateChange
from copilot.store.repository import Repository
from tests.builders import START, cycle_time, queue_facts, record


def queue(name: str, backlog: int = 0, add_rate: float = 0) -> QueueFacts:
    facts = {"backlog": backlog, "add_rate": add_rate, "dispatch_rate": 0.0, "pollers": 0}
    return queue_facts(name, QueueKind.ACTIVITY, **facts)


async def count(database_url: str, table: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute(f"SELECT count(*) FROM {table}".encode())  # noqa: S608
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def test_a_cycle_comes_back_as_it_was(repository: Repository) -> None:
    assert await repository.latest("monitored") is None
    assert await repository.load_memory("monitored") is None
    saved = record(7, State.STRESSED, "orders", previous=State.HAPPY)
    await repository.save([saved, record(3), record(9, cluster="other")])
    assert await repository.latest("monitored") == saved
    assert await repository.load_memory("monitored") == saved.decision.memory


async def test_saving_again_stores_once(repository: Repository, database_url: str) -> None:
    records = [
        record(1, previous=State.UNKNOWN),
        record(2, State.STRESSED, "orders", previous=State.HAPPY),
    ]
    for _ in range(3):
        await repository.save(records)
    assert await count(database_url, "cycles") == 2
    assert await count(database_url, "state_changes") == 2
    assert await count(database_url, "issues") == 1


async def test_concurrent_saves_equal_saves_in_order(
    repository: Repository, database_url: str
) -> None:
    records = [
        record(
            cycle, State.STRESSED if cycle % 3 else State.HAPPY, *(["orders"] if cycle % 3 else [])
        )
        for cycle in range(12)
    ]
    async with Repository.open(database_url) as other:
        await asyncio.gather(
            *(repository.save([one]) for one in records),
            *(other.save([one]) for one in reversed(records)),
        )
    assert await count(database_url, "cycles") == len(records)
    rows = await repository.newest_issues("monitored", open_only=False, severity=None, limit=100)
    assert [(row.opened_at, row.last_seen_at, row.resolved_at) for row in reversed(rows)] == [
        (cycle_time(1), cycle_time(2), cycle_time(3)),
        (cycle_time(4), cycle_time(5), cycle_time(6)),
        (cycle_time(7), cycle_time(8), cycle_time(9)),
        (cycle_time(10), cycle_time(11), None),
    ]


async def test_cycles_are_the_newest_of_the_window_oldest_first(repository: Repository) -> None:
    await repository.save([record(cycle, State.STRESSED, "orders") for cycle in range(5)])
    points = await repository.cycle_points("monitored", cycle_time(1), cycle_time(4), limit=2)
    assert [(point.at, point.cycle, point.state) for point in points] == [
        (cycle_time(2), 2, State.STRESSED),
        (cycle_time(3), 3, State.STRESSED),
    ]
    assert points[0].fired == ("starved_queue",)
    assert [cause.name for cause in points[0].causes] == ["orders"]


async def test_the_timeline_pages_through_every_change_once(repository: Repository) -> None:
    states = [State.HAPPY, State.STRESSED] * 4
    await repository.save(
        [
            record(cycle, state, previous=State.STRESSED if state is State.HAPPY else State.HAPPY)
            for cycle, state in enumerate(states)
        ]
    )
    seen: list[StateChange] = []
    cursor = None
    for _ in range(4):
        page = await repository.timeline("monitored", cycle_time(1), cycle_time(7), 2, cursor)
        assert page.state_at_start is State.HAPPY
        seen += page.changes
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [change.at for change in seen] == [cycle_time(cycle) for cycle in range(1, 7)]
    assert (seen[0].from_state, seen[0].to_state) == (State.HAPPY, State.STRESSED)
    assert seen[0].summary == "cycle 1"
    assert cursor is None

    before = await repository.timeline("monitored", cycle_time(-5), cycle_time(-1), 10)
    assert (before.state_at_start, before.changes) == (State.UNKNOWN, ())


@pytest.mark.parametrize("cursor", ["", "x", "é", "bm90IGEgdGltZQ==", "MjAyNi0wMS0wMSAx"])
async def test_a_wrong_cursor_is_refused(cursor: str) -> None:
    # Before any connection: this store does not exist.
    async with Repository.open("postgresql://copilot@127.0.0.1:1/copilot") as repository:
        with pytest.raises(ValueError, match="cursor"):
            await repository.timeline("monitored", cycle_time(0), cycle_time(1), 10, cursor)


async def test_stored_queues_come_busiest_first(repository: Repository) -> None:
    await repository.remember_queues(
        "monitored",
        [queue("idle"), queue("moving", add_rate=1), queue("waiting", 90)],
        cycle_time(1),
    )
    remembered = await repository.remembered_queues("monitored", limit=2)
    assert [key.name for key in remembered.keys] == ["waiting", "moving"]
    assert remembered.truncated == 1

    await repository.remember_queues("monitored", [queue("idle", 500)], cycle_time(3))
    await repository.remember_queues("monitored", [queue("idle")], cycle_time(2))
    remembered = await repository.remembered_queues("monitored", limit=9)
    assert [key.name for key in remembered.keys] == ["idle", "waiting", "moving"]
    assert remembered.truncated == 0


async def test_prune_keeps_the_last_change_and_open_issues(
    repository: Repository, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CYCLE_ROWS", 2)
    await repository.save(
        [
            record(0, previous=State.UNKNOWN),
            record(1, State.STRESSED, "orders", previous=State.HAPPY),
            record(2, previous=State.STRESSED),
            record(3, State.STRESSED, "mails", previous=State.HAPPY),
            record(4, State.STRESSED, "mails"),
            record(5, cluster="other"),
        ]
    )
    await repository.remember_queues(
        "monitored", [queue("old", 1), queue("busy", 1)], cycle_time(0)
    )
    now = START + timedelta(days=100)
    await repository.remember_queues("monitored", [queue("busy", 1)], now)
    await repository.remember_queues("monitored", [queue("old")], now)

    deleted = await repository.prune("monitored", now, snapshot_days=7, history_days=90)
    # Five cycles, three changes before the last, one closed issue, one idle queue.
    assert deleted == 5 + 3 + 1 + 1
    assert await count(database_url, "cycles") == 1
    page = await repository.timeline("monitored", now, now + timedelta(days=1), 10)
    assert page.state_at_start is State.STRESSED
    (left,) = await repository.newest_issues("monitored", open_only=False, severity=None, limit=10)
    assert (left.subject, left.resolved_at) == ("mails", None)
    assert [key.name for key in (await repository.remembered_queues("monitored", 9)).keys] == [
        "busy"
    ]
    assert await repository.prune("monitored", now, snapshot_days=7, history_days=90) == 0
