"""Backlogs that drain are no fault, at whatever moment the cycles come; those that do not are one.

The queues are simulated second by second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copilot.health.decision import CauseKind, State
from copilot.signals.queue import QueueKind
from copilot.signals.snapshot import Snapshot
from tests.builders import CYCLE_SECONDS, cycle_time, decisions_of, queue_facts, snapshot
from tests.copilot.health.simulated_queue import (
    SimulatedQueue,
    burst,
    changed,
    steady,
    without,
)

PHASES = range(0, CYCLE_SECONDS, 3)
BEGIN = 12 * CYCLE_SECONDS  # after this, what is usual is known
HAPPY, STRESSED = State.HAPPY, State.STRESSED


@dataclass(frozen=True)
class Drains:
    """What happens to the queue begins at BEGIN; no cycle says that it is a fault."""

    name: str
    queue: SimulatedQueue
    cycles: int = 40


@dataclass(frozen=True)
class DoesNot:
    """A fault that is known within `seconds` of BEGIN and until the end."""

    name: str
    queue: SimulatedQueue
    seconds: int
    cycles: int = 40


def waves(second: int) -> float:
    """Three times what the workers can do, for 10 s in each minute."""
    return 45.0 if second >= BEGIN and second % 60 < 10 else 4.0


DRAINING = (
    Drains("3,000 workflows at once", SimulatedQueue(burst(3000, BEGIN, usual=4), steady(60))),
    Drains("a batch of 20,000", SimulatedQueue(burst(20_000, BEGIN, usual=1), steady(60))),
    Drains(
        "3,000 activities at once",
        SimulatedQueue(burst(3000, BEGIN, usual=4), steady(20), kind=QueueKind.ACTIVITY),
    ),
    Drains("waves that the workers catch up with", SimulatedQueue(waves, steady(15))),
    Drains(
        "workflows that return for three tasks each",
        SimulatedQueue(burst(1500, BEGIN, usual=6), steady(60), tasks_each=3),
    ),
)
FAULTS = (
    DoesNot("more work than workers can do", SimulatedQueue(changed(8, 40, BEGIN), steady(20)), 60),
    DoesNot(
        "more work, whose workflows return",
        SimulatedQueue(changed(4, 10, BEGIN), steady(20), tasks_each=3),
        120,
    ),
    DoesNot("workers that are gone", SimulatedQueue(steady(8), without(30, BEGIN, 10_000)), 42),
    DoesNot(
        "activities whose workers are slow",
        SimulatedQueue(steady(8), changed(30, 4, BEGIN), kind=QueueKind.ACTIVITY),
        150,
    ),
    DoesNot(
        "a batch that needs hours", SimulatedQueue(burst(60_000, BEGIN, usual=4), steady(12)), 60
    ),
)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("drains", DRAINING, ids=lambda one: one.name)
def test_a_backlog_that_drains_is_no_fault(drains: Drains, phase: int) -> None:
    decisions = decisions_of(drains.queue.cycles(drains.cycles, phase))
    assert {decision.state for decision in decisions} == {HAPPY}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.name)
def test_a_backlog_that_does_not_drain_is_one(fault: DoesNot, phase: int) -> None:
    cycles = fault.queue.cycles(fault.cycles, phase)
    decisions = decisions_of(cycles)
    since = [(one.at - cycle_time(0)).total_seconds() - BEGIN for one in decisions]
    states = [decision.state for decision in decisions]
    assert {s for s, at in zip(states, since, strict=True) if at < 0} == {HAPPY}
    assert {s for s, at in zip(states, since, strict=True) if at >= fault.seconds} == {STRESSED}
    assert [cause.kind for cause in decisions[-1].causes] == [CauseKind.QUEUE]


@settings(max_examples=30, deadline=None)
@given(
    phase=st.integers(0, CYCLE_SECONDS - 1),
    capacity=st.integers(5, 60),
    minutes=st.floats(0.1, 8),
    usual=st.floats(0, 0.15),
)
@example(phase=22, capacity=37, minutes=7.9, usual=0.09)
def test_any_burst_that_workers_do_in_minutes_is_no_fault(
    phase: int, capacity: int, minutes: float, usual: float
) -> None:
    size = int(60 * minutes * capacity)
    queue = SimulatedQueue(burst(size, 65, usual=usual * capacity), steady(capacity))
    assert {one.state for one in decisions_of(queue.cycles(25, phase))} == {HAPPY}


@pytest.mark.parametrize("phase", PHASES)
def test_a_queue_whose_workers_come_back_is_healthy_soon_after(phase: int) -> None:
    back = BEGIN + 600
    queue = SimulatedQueue(steady(8), without(60, BEGIN, back))
    decisions = decisions_of(queue.cycles(60, phase))
    since = [(one.at - cycle_time(0)).total_seconds() for one in decisions]
    states = [decision.state for decision in decisions]
    gone = {s for s, at in zip(states, since, strict=True) if BEGIN + 45 <= at <= back}
    assert gone == {STRESSED}
    assert {s for s, at in zip(states, since, strict=True) if at >= back + 90} == {HAPPY}


def waiting(*backlogs: int, added: float, taken: float) -> list[Snapshot]:
    """A queue with these backlogs in turn, each with the same rates."""
    return [
        snapshot(
            cycle_time(cycle),
            queues=[
                queue_facts(
                    backlog=backlog,
                    backlog_age_seconds=90.0,
                    add_rate=added,
                    dispatch_rate=taken,
                    last_poll=cycle_time(cycle),
                )
            ],
        )
        for cycle, backlog in enumerate(backlogs, 1)
    ]


def states_of(cycles: Sequence[Snapshot]) -> list[State]:
    return [decision.state for decision in decisions_of(cycles)]


def test_a_queue_that_shrinks_and_grows_a_little_drains() -> None:
    rates = {"added": 20.0, "taken": 19.0}  # which vary as much
    assert states_of(waiting(3000, 2400, 2500, 1900, 2000, 1400, 900, **rates))[1:] == [
        STRESSED,
        *[HAPPY] * 5,
    ]


def test_a_queue_that_shrank_and_grows_again_is_slow_at_once() -> None:
    states = states_of(waiting(3000, 2000, 1000, 1600, 2200, added=20.0, taken=19.0))
    assert states[2:] == [HAPPY, STRESSED, STRESSED]


def test_a_queue_that_only_seems_to_drain_is_slow_after_its_time() -> None:
    states = states_of(waiting(*[3000] * 30, added=1.0, taken=20.0))
    assert states == [*[HAPPY] * 21, *[STRESSED] * 9]


def test_the_course_of_a_queue_begins_again_after_a_time_without_cycles() -> None:
    before = waiting(3000, added=1.0, taken=20.0)
    before_again = waiting(*[0] * 500, 3000, added=1.0, taken=20.0)[-1:]
    assert states_of([*before, *before_again]) == [HAPPY, HAPPY]
