from datetime import UTC, datetime, timedelta

from copilot.health.decision import State
from copilot.store.continuity import Gap
from copilot.store.repository import Repository
from tests.copilot.factories import CLUSTER, every_cycle, judged, snapshot

LAST = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def test_state_began_with_the_last_change_until_then(repository: Repository) -> None:
    times = every_cycle(LAST, 4)
    down = [snapshot(t, down=["history"]) for t in times[2:]]
    await repository.save(judged([*(snapshot(t) for t in times[:2]), *down]))
    now = await repository.beginning(CLUSTER, LAST)
    assert now is not None
    assert (now.at, now.from_state) == (times[2], State.HAPPY)
    before = await repository.beginning(CLUSTER, times[1])
    assert before is not None
    assert (before.at, before.from_state) == (times[0], State.UNKNOWN)
    assert await repository.beginning(CLUSTER, times[0] - MINUTE) is None
    assert await repository.beginning("other", LAST) is None


async def test_cycles_in_time_leave_no_gap(repository: Repository) -> None:
    times = every_cycle(LAST, 5)
    await repository.save(judged([snapshot(t) for t in times]))
    assert await repository.gaps(CLUSTER, LAST - 10 * MINUTE, LAST + MINUTE, 90) == ()


async def test_gaps_lie_within_the_window_and_go_on_to_its_end(repository: Repository) -> None:
    first, second = LAST - 60 * MINUTE, LAST - 20 * MINUTE
    await repository.save(judged([snapshot(first), snapshot(second)]))
    start, end = LAST - 40 * MINUTE, LAST
    # The first began before the window; a verdict counts for 90 s.
    assert await repository.gaps(CLUSTER, start, end, 90) == (
        Gap(start=start, end=second),
        Gap(start=second + timedelta(seconds=90), end=end),
    )


async def test_before_the_first_cycle_is_no_gap(repository: Repository) -> None:
    await repository.save(judged([snapshot(LAST)]))
    assert await repository.gaps(CLUSTER, LAST - 60 * MINUTE, LAST + MINUTE, 90) == ()
    assert await repository.gaps("other", LAST - 60 * MINUTE, LAST, 90) == ()
