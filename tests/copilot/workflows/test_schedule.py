"""Cycles begin on a fixed grid."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from copilot.workflows.schedule import Schedule

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return ORIGIN + timedelta(seconds=seconds)


def after(schedule: Schedule, begun: float, ended: float) -> Schedule:
    return schedule.begun(at(begun)).ended(at(ended))


EVERY_30_S = Schedule(origin=ORIGIN, cycle_seconds=30)


def test_the_duration_of_cycles_does_not_shift_them() -> None:
    schedule = EVERY_30_S
    due = []
    for _ in range(100):
        due.append((schedule.next_at - ORIGIN).total_seconds())
        schedule = after(schedule, due[-1] + 0.004, due[-1] + 12)
    assert due == [30 * n for n in range(100)]


def test_an_overrun_skips_the_slots_it_covered() -> None:
    assert after(EVERY_30_S, 0, 65).next_at == at(90)


def test_a_cycle_that_begins_late_counts_for_the_nearest_slot() -> None:
    assert after(EVERY_30_S, 5 * 30 + 25, 5 * 30 + 26).next_at == at(7 * 30)
    assert after(EVERY_30_S, 5 * 30 + 5, 5 * 30 + 6).next_at == at(6 * 30)


def test_a_new_cadence_counts_from_the_last_cycle_even_within_one() -> None:
    begun = EVERY_30_S.begun(at(0)).ended(at(1)).begun(at(30))
    assert begun.retimed(5, at(30)).ended(at(31)).next_at == at(35)


@given(
    cycle_seconds=st.floats(1, 300),
    waits=st.lists(st.floats(0, 1000), max_size=20),
    takes=st.lists(st.floats(0, 1000), max_size=20),
)
def test_two_cycles_begin_at_least_half_a_cycle_apart(
    cycle_seconds: float, waits: list[float], takes: list[float]
) -> None:
    schedule = Schedule(origin=ORIGIN, cycle_seconds=cycle_seconds)
    begun, now = None, ORIGIN
    for wait, take in zip(waits, takes, strict=False):
        last, begun = begun, max(schedule.next_at, now) + timedelta(seconds=wait)
        if last is not None:
            assert (begun - last).total_seconds() >= 0.499 * cycle_seconds
        schedule = schedule.begun(begun)
        now = begun + timedelta(seconds=take)
        schedule = schedule.ended(now)
        assert schedule.next_at >= now - timedelta(milliseconds=1)
