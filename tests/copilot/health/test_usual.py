"""What is usual at this hour: a quiet night is no collapse, and missing progress is one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import RuleName, State
from copilot.health.usual import Usual, earlier_cycle
from copilot.signals.snapshot import EarlierCycle, Snapshot
from tests.builders import START, THRESHOLDS, blind_snapshot, decisions_of, snapshot
from tests.copilot.health.test_situations import USUAL_CYCLES, running, silent

# A cluster that runs on timers: nothing starts, and nothing is signalled.
BUSY = running(0, 60)
# 300 workflows sleep, and nothing says whether they should.
NIGHT = silent(0, 300)


def earlier(*updates: float, starts: float = 0.0) -> tuple[EarlierCycle, ...]:
    """One cycle a day, the newest first."""
    return tuple(
        EarlierCycle(at=START - timedelta(days=1 + day), updates=rate, starts=starts, signals=0.0)
        for day, rate in enumerate(updates)
    )


def last_state(usual: Snapshot, now: Snapshot, cycles: tuple[EarlierCycle, ...]) -> State:
    every = [*[usual] * USUAL_CYCLES, now]
    return decisions_of(one.model_copy(update={"earlier": cycles}) for one in every)[-1].state


@pytest.mark.parametrize(
    ("cycles", "state"),
    [
        pytest.param((), State.STRESSED, id="no earlier day is stored"),
        pytest.param(earlier(0.2), State.STRESSED, id="a single one may have had a fault"),
        pytest.param(earlier(0.2, 0.0, 0.1), State.HAPPY, id="each night is quiet"),
        pytest.param(earlier(0.2, 61, 0.1, 0.0), State.HAPPY, id="most nights are quiet"),
        pytest.param(earlier(58, 60, 0.0), State.STRESSED, id="most nights are not"),
    ],
)
def test_a_drop_that_is_usual_at_this_hour_is_no_collapse(
    cycles: tuple[EarlierCycle, ...], state: State
) -> None:
    assert last_state(BUSY, NIGHT, cycles) is state


@pytest.mark.parametrize(
    ("cycles", "state"),
    [
        pytest.param((), State.HAPPY, id="no earlier day is stored"),
        pytest.param(earlier(60, 55), State.STRESSED, id="progress at this hour on each day"),
        pytest.param(earlier(60, 0), State.HAPPY, id="not on each day"),
        pytest.param(
            earlier(60, 55, starts=9), State.HAPPY, id="what started it does not start today"
        ),
    ],
)
def test_progress_that_is_always_there_at_this_hour_is_missed(
    cycles: tuple[EarlierCycle, ...], state: State
) -> None:
    """Also after hours of silence, and by a Copilot that began in them."""
    assert last_state(NIGHT, NIGHT, cycles) is state


def test_timers_that_are_late_are_a_fault_at_any_hour() -> None:
    late = silent(0, 300, scheduled_queue_lag_p95=400)
    assert last_state(BUSY, late, earlier(0, 0, 0)) is State.STRESSED


@given(st.lists(st.floats(0, 5000), max_size=14))
def test_earlier_days_never_disturb_a_cluster_that_works(updates: list[float]) -> None:
    cycle = BUSY.model_copy(update={"earlier": earlier(*updates)})
    decision = decisions_of([cycle] * USUAL_CYCLES)[-1]
    assert RuleName.PROGRESS_GONE not in {result.name for result in decision.fired}


def test_a_day_without_readings_is_left_out() -> None:
    assert earlier_cycle(blind_snapshot()) is None
    found = earlier_cycle(snapshot())
    assert found
    assert (found.updates, found.starts) == (145.2, 9.1)
    assert Usual.at_this_hour(snapshot(), THRESHOLDS) is None
