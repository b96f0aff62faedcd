from datetime import UTC, datetime, timedelta

from copilot.health.decision import State
from copilot.store.records import Gap
from copilot.store.repository import Repository
from tests.builders import CLUSTER, cycle_times, records_of, snapshot

LAST = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def test_a_state_starts_with_its_last_change(repository: Repository) -> None:
    times = cycle_times(LAST, 4)
    down = [snapshot(t, down=["history"]) for t in times[2:]]
    await repository.save(records_of([*(snapshot(t) for t in times[:2]), *down]))
    now = await repository.state_start(CLUSTER, LAST)
    assert now is not None
    assert (now.at, now.from_state) == (times[2], State.HAPPY)
    before = await repository.state_start(CLUSTER, times[1])
    assert before is not None
    assert (before.at, before.from_state) == (times[0], State.UNKNOWN)
    assert await repository.state_start(CLUSTER, times[0] - MINUTE) is None
    assert await repository.state_start("other", LAST) is None


async def test_regular_cycles_leave_no_gap(repository: Repository) -> None:
    times = cycle_times(LAST, 5)
    await repository.save(records_of([snapshot(t) for t in times]))
    assert await repository.gaps(CLUSTER, LAST - 10 * MINUTE, LAST + MINUTE, 90) == ()


async def test_gaps_are_cut_to_the_window(repository: Repository) -> None:
    first, second = LAST - 60 * MINUTE, LAST - 20 * MINUTE
    await repository.save(records_of([snapshot(first), snapshot(second)]))
    start, end = LAST - 40 * MINUTE, LAST
    # The first gap began before the window; a verdict is valid for 90 s.
    assert await repository.gaps(CLUSTER, start, end, 90) == (
        Gap(start=start, end=second),
        Gap(start=second + timedelta(seconds=90), end=end),
    )


async def test_the_time_before_the_first_cycle_is_not_a_gap(repository: Repository) -> None:
    await repository.save(records_of([snapshot(LAST)]))
    assert await repository.gaps(CLUSTER, LAST - 60 * MINUTE, LAST + MINUTE, 90) == ()
    assert await repository.gaps("other", LAST - 60 * MINUTE, LAST, 90) == ()
