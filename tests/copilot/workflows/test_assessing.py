"""The loop has its cycles explained, and depends on no answer."""

from collections.abc import Iterator
from datetime import timedelta

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from copilot.explain.assessment import Depth, Trigger
from copilot.health.decision import State
from copilot.signals.snapshot import Snapshot
from tests.copilot.workflows.assess_stand_ins import Explains, Fails, Hangs
from tests.copilot.workflows.cycles import LookStandIn, StoreStandIn, seen
from tests.copilot.workflows.loop import running


def asked_at(history: WorkflowHistory) -> Iterator[float]:
    """Seconds from the start of the run to each question."""
    began = history.events[0].event_time.ToDatetime()
    for event in history.events:
        if event.HasField("start_child_workflow_execution_initiated_event_attributes"):
            yield (event.event_time.ToDatetime() - began).total_seconds()


async def ill(cycle: int) -> Snapshot:
    return seen(healthy=cycle < 2, cycle=cycle)


async def test_trouble_is_kept_at_once_and_asked_about_when_the_evidence_changes(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn()
    async with running(environment, LookStandIn(ill), store, assess=Explains) as loop:
        await environment.sleep(timedelta(minutes=20))
        (history,) = await loop.histories(environment)
    # At the second cycle, when it began, and at the fifth, when it became critical.
    first, second = asked_at(history)
    assert 60 <= first < 90
    assert 120 <= second < 180
    kept = [record for record in store.records if record.assessment]
    told = [(one.assessment.trigger, one.assessment.depth) for one in kept if one.assessment]
    assert told == [
        (Trigger.STATE_CHANGE, Depth.NONE),
        (Trigger.STATE_CHANGE, Depth.QUICK),
        (Trigger.STATE_CHANGE, Depth.DEEP),
    ]
    assert [record.decision.state for record in kept] == [
        State.HAPPY,
        State.STRESSED,
        State.CRITICAL,
    ]


async def test_a_model_that_fails_is_asked_again_by_the_loop_alone(
    environment: WorkflowEnvironment,
) -> None:
    async with running(environment, LookStandIn(ill), StoreStandIn(), assess=Fails) as loop:
        await environment.sleep(timedelta(minutes=14))
        (history,) = await loop.histories(environment)
    _, critical, *again = asked_at(history)
    assert again
    gaps = [later - earlier for earlier, later in zip([critical, *again], again, strict=False)]
    # Five minutes, or a cycle more.
    assert all(299 <= gap <= 331 for gap in gaps), gaps


async def test_a_model_that_hangs_delays_no_cycle_and_is_given_up(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn()
    async with running(environment, LookStandIn(ill), store, assess=Hangs) as loop:
        await environment.sleep(timedelta(minutes=12))
        assert len(store.records) >= 24
        (history,) = await loop.histories(environment)
    first, second, *_ = asked_at(history)
    # One at a time: the first is given up after three minutes.
    assert second - first >= 180


async def test_without_the_workflow_that_asks_nothing_is_asked(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn()
    async with running(environment, LookStandIn(ill), store) as loop:
        await environment.sleep(timedelta(minutes=5))
        (history,) = await loop.histories(environment)
    assert not list(asked_at(history))
    assert any(record.assessment for record in store.records)


async def test_a_healthy_day_asks_no_model(environment: WorkflowEnvironment) -> None:
    store = StoreStandIn()
    look = LookStandIn()
    async with running(environment, look, store, cycle_seconds=300, assess=Explains) as loop:
        await environment.sleep(timedelta(hours=24))
        histories = await loop.histories(environment)
    assert len(look.requests) >= 288
    assert not [at for history in histories for at in asked_at(history)]
    assert [bool(record.assessment) for record in store.records].count(True) == 1
