"""The same half hour of earlier days, from the store."""

from datetime import timedelta

from copilot.activities.earlier_days import VALID, EarlierDays
from copilot.store.repository import Repository
from tests.builders import START, records_of, snapshot
from tests.copilot.worker.process import REFUSING_ADDRESS

NOW = START + timedelta(days=10)
MINUTE = timedelta(minutes=1)


async def test_two_cycles_of_each_earlier_day_are_read_once_in_half_an_hour(
    repository: Repository,
) -> None:
    shown = [
        NOW - timedelta(days=9),  # too old
        NOW - timedelta(days=7) + 2 * MINUTE,
        NOW - timedelta(days=1) - MINUTE,  # before the half hour
        NOW - timedelta(days=1) + MINUTE,
        NOW - timedelta(days=1) + 3 * MINUTE,  # of the same quarter
        NOW - timedelta(days=1) + 20 * MINUTE,
        NOW - timedelta(days=1) + 31 * MINUTE,
    ]
    await repository.save(records_of([snapshot(at) for at in shown]))
    days = EarlierDays(repository, "monitored")
    found = await days.cycles(NOW, seconds=60)
    assert [cycle.at for cycle in found] == [shown[1], shown[3], shown[5]]
    assert found[0].updates == 145.2
    assert await days.cycles(NOW + VALID - MINUTE, seconds=60) == found
    later = await days.cycles(NOW + VALID, seconds=60)
    assert [cycle.at for cycle in later] == [shown[6]]
    assert await EarlierDays(repository, "other").cycles(NOW, seconds=60) == ()


async def test_without_the_store_there_are_no_earlier_days() -> None:
    async with Repository.open(
        f"postgresql://copilot:copilot@{REFUSING_ADDRESS}/copilot"
    ) as repository:
        days = EarlierDays(repository, "monitored")
        assert await days.cycles(NOW, seconds=0.5) == ()
