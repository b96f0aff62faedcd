"""The loop requests a model's readings and does not depend on them."""

from collections.abc import Iterator
from datetime import timedelta

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from copilot.explain.assessment import Depth, Trigger
from copilot.health.decision import State
from copilot.signals.snapshot import Snapshot
from tests.copilot.workflows.cycles import FakeCollector, FakeStore, cluster_snapshot
from tests.copilot.workflows.loop import pass_time, running
from tests.fakes.assess_workflow import Explains, Fails, Hangs


def request_times(history: WorkflowHistory) -> Iterator[float]:
    """Seconds from the start of the run to each request for a reading."""
    began = history.events[0].event_time.ToDatetime()
    for event in history.events:
        if event.HasField("start_child_workflow_execution_initiated_event_attributes"):
            yield (event.event_time.ToDatetime() - began).total_seconds()


async def failing(cycle: int) -> Snapshot:
    return cluster_snapshot(healthy=cycle < 2, cycle=cycle)


async def test_changed_evidence_is_assessed_at_once_and_read_by_a_model(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore()
    async with running(environment, FakeCollector(failing), store, assess=Explains) as loop:
        await pass_time(environment, timedelta(minutes=20))
        (history,) = await loop.histories(environment)
    # At the second cycle, when it began, and at the fifth, when it became critical.
    first, second = request_times(history)
    assert 60 <= first < 90
    assert 120 <= second < 180
    assessed = [record for record in store.records if record.assessment]
    assessments = [one.assessment for one in assessed if one.assessment]
    assert [(one.trigger, one.depth) for one in assessments] == [
        (Trigger.STATE_CHANGE, Depth.NONE),
        (Trigger.STATE_CHANGE, Depth.QUICK),
        (Trigger.STATE_CHANGE, Depth.DEEP),
    ]
    assert [record.decision.state for record in assessed] == [
        State.HAPPY,
        State.STRESSED,
        State.CRITICAL,
    ]


async def test_the_loop_repeats_a_failed_reading(
    environment: WorkflowEnvironment,
) -> None:
    async with running(environment, FakeCollector(failing), FakeStore(), assess=Fails) as loop:
        await pass_time(environment, timedelta(minutes=14))
        (history,) = await loop.histories(environment)
    _, critical, *again = request_times(history)
    assert again
    gaps = [later - earlier for earlier, later in zip([critical, *again], again, strict=False)]
    # Five minutes, or one cycle more.
    assert all(299 <= gap <= 331 for gap in gaps), gaps


async def test_a_model_that_hangs_delays_no_cycle_and_times_out(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore()
    async with running(environment, FakeCollector(failing), store, assess=Hangs) as loop:
        await pass_time(environment, timedelta(minutes=12))
        assert len(store.records) >= 24
        (history,) = await loop.histories(environment)
    first, second, *_ = request_times(history)
    # One at a time: the first times out after three minutes.
    assert second - first >= 180


async def test_without_a_model_no_reading_is_requested(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore()
    async with running(environment, FakeCollector(failing), store) as loop:
        await pass_time(environment, timedelta(minutes=5))
        (history,) = await loop.histories(environment)
    assert not list(request_times(history))
    assert any(record.assessment for record in store.records)


async def test_a_healthy_day_requests_no_reading(environment: WorkflowEnvironment) -> None:
    store = FakeStore()
    collector = FakeCollector()
    async with running(environment, collector, store, cycle_seconds=300, assess=Explains) as loop:
        await pass_time(environment, timedelta(hours=24))
        histories = await loop.histories(environment)
    assert len(collector.requests) >= 288
    assert not [at for history in histories for at in request_times(history)]
    assert [bool(record.assessment) for record in store.records].count(True) == 1
