"""The order of the canaries, and which of them tell of trouble."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.canary.sweep import LATE, STARTS_A_DAY, Sweep, starts_in
from tests.builders import START

SECOND = timedelta(seconds=1)


def after_starts(shards: int, seconds: int, *, stuck: set[int], gap: timedelta) -> Sweep:
    """The sweep after `seconds`; a canary takes a second, and never ends in a stuck shard."""
    sweep = Sweep()
    for second in range(seconds):
        now = START + second * SECOND
        for canary in sweep.open:
            if canary.shard not in stuck and canary.begun < now:
                sweep = sweep.passed(canary.shard, now)
        if sweep.due(shards, gap, now):
            _, sweep = sweep.started(shards, now)
    return sweep


def ended_at(seconds: int) -> datetime:
    return START + seconds * SECOND


@given(st.integers(1, 200), st.integers(0, 3))
def test_all_shards_get_a_canary_in_turn_at_most_one_a_second(shards: int, gap: int) -> None:
    sweep, starts, now = Sweep(), list[tuple[int, datetime]](), START
    while len(starts) < shards:
        if sweep.due(shards, timedelta(seconds=gap), now):
            shard, sweep = sweep.started(shards, now)
            starts.append((shard, now))
            sweep = sweep.passed(shard, now)
        now += SECOND / 4
    assert [shard for shard, _ in starts] == list(range(1, shards + 1))
    times = [at for _, at in starts]
    assert all(b - a >= SECOND for a, b in pairwise(times))


@given(st.integers(2, 64), st.data())
def test_one_stuck_shard_is_named_while_the_others_are_swept_on(
    shards: int, data: st.DataObject
) -> None:
    stuck = data.draw(st.integers(1, shards))
    seconds = 3 * shards + 15
    sweep = after_starts(shards, seconds, stuck={stuck}, gap=SECOND)
    now = ended_at(seconds)
    assert [canary.shard for canary in sweep.late(now)] == [stuck]
    assert not sweep.fails(shards, now)


@given(st.integers(1, 64))
def test_a_cluster_on_which_no_canary_comes_back_fails_as_a_whole(shards: int) -> None:
    sweep = after_starts(shards, 20, stuck=set(range(1, shards + 1)), gap=SECOND)
    assert sweep.fails(shards, ended_at(20))


def test_a_slow_canary_hurries_the_next_ones_until_it_is_known_to_be_late() -> None:
    _, sweep = Sweep().started(4, START)
    hurried = [second for second in range(20) if sweep.slow(ended_at(second))]
    assert hurried == list(range(4, 11))


def test_a_pause_of_the_copilot_itself_makes_no_canary_late() -> None:
    _, sweep = Sweep().started(4, START)
    pause = timedelta(minutes=5)
    assert sweep.late(START + LATE + SECOND)
    assert not sweep.slept(pause).late(START + pause + SECOND)


@pytest.mark.parametrize(
    ("shards", "cycle_seconds", "starts"),
    [
        (1, 30, 1),
        (4, 30, 4),
        (13, 30, 13),
        (16, 30, 13),
        (16, 60, 16),
        (512, 30, 13),
        (512, 300, 16),
        (4096, 1, 1),
    ],
)
def test_a_cycle_sweeps_all_of_a_few_shards_and_some_of_many(
    shards: int, cycle_seconds: float, starts: int
) -> None:
    assert starts_in(cycle_seconds, shards) == starts


@given(st.integers(1, 4096), st.floats(10, 600))
def test_a_day_never_has_more_canaries_than_its_limit(shards: int, cycle_seconds: float) -> None:
    starts = starts_in(cycle_seconds, shards) * 86_400 / cycle_seconds
    # A cycle has at least one.
    assert starts <= max(STARTS_A_DAY, 86_400 / cycle_seconds)


def test_sixteen_shards_are_swept_in_under_two_cycles() -> None:
    assert 16 / starts_in(30, 16) < 2


def test_after_a_renewal_only_new_canaries_tell_of_trouble() -> None:
    sweep = after_starts(4, 60, stuck={1, 2, 3, 4}, gap=SECOND)
    assert sweep.fails(4, ended_at(60))
    renewed = sweep.renewed()
    assert not renewed.fails(4, ended_at(600))
    for second in (60, 61):
        assert renewed.due(4, SECOND, ended_at(second))
        _, renewed = renewed.started(4, ended_at(second))
    assert not renewed.fails(4, ended_at(61) + LATE)
    assert renewed.fails(4, ended_at(62) + LATE)
