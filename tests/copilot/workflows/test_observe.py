"""The loop keeps its cadence whatever happens around it, and loses nothing that matters."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from copilot.activities.look import OTHER_CLUSTER
from copilot.activities.models import Recall
from copilot.health.decision import Decision, Memory, State
from copilot.health.evaluate import evaluate
from copilot.payloads import DATA_CONVERTER
from copilot.signals.snapshot import Absence, LogSurvey, Snapshot
from copilot.workflows.models import Cadence
from copilot.workflows.observe import Observe
from copilot.workflows.outbox import KEEP
from tests.copilot.health.snapshots import START
from tests.copilot.workflows.cycles import THRESHOLDS, LookStandIn, StoreStandIn, seen
from tests.copilot.workflows.loop import running


def look_times(history: WorkflowHistory) -> list[float]:
    """Seconds from the start of the run to each look."""
    began = history.events[0].event_time.ToDatetime()
    return [
        (event.event_time.ToDatetime() - began).total_seconds()
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == "look"
    ]


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Await a condition in real time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.02)


async def test_cycles_keep_their_times_while_every_look_hangs(
    environment: WorkflowEnvironment,
) -> None:
    """In real time: the test server skips none while an activity runs."""

    async def hang(_: int) -> Snapshot:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    store = StoreStandIn()
    async with running(environment, LookStandIn(hang), store, cycle_seconds=2) as loop:
        await until(lambda: len(store.records) >= 3)
        times = look_times((await loop.histories(environment))[0])
    # Each when it is due: a machine under load may miss some, but shifts none.
    assert all(abs(time - 2 * round(time / 2)) < 0.8 for time in times)
    assert times[2] < 15
    for record in store.records:
        assert record.decision.state is State.UNKNOWN
        assert record.decision.causes
        assert record.snapshot.metrics.source_absence is Absence.TIMED_OUT


async def test_a_store_that_hangs_delays_no_cycle_and_is_asked_once(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn()
    look = LookStandIn()
    async with running(environment, look, store, cycle_seconds=1) as loop:
        await until(lambda: len(store.records) == 1)
        store.hangs = True
        attempts, judged = store.attempts, loop.judge.judged
        await until(lambda: loop.judge.judged >= judged + 3)
        assert store.attempts == attempts + 1


async def test_after_an_outage_every_cycle_arrives_in_order(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn()
    async with running(environment, LookStandIn(), store) as loop:
        await environment.sleep(timedelta(seconds=45))
        store.down = True
        await environment.sleep(timedelta(minutes=6))
        assert len(store.records) == 2
        latest = await loop.latest()
        assert latest.cycle == 14
        assert latest.waiting_for_store == 12
        store.down = False
        await environment.sleep(timedelta(minutes=1))
        assert [record.decision.cycle for record in store.records] == list(range(1, 17))
        assert (await loop.latest()).waiting_for_store == 0
    assert len({record.run_id for record in store.records}) == 1


async def test_a_day_of_cycles_continues_as_new_and_equals_one_uninterrupted_run(
    environment: WorkflowEnvironment,
) -> None:
    """26 hours of 5-minute cycles, with trouble in the cluster and an outage of the store."""

    def healthy(cycle: int) -> bool:
        return cycle % 50 < 44

    def expected() -> list[Decision]:
        memory, decisions = Memory(), []
        for cycle in range(312):
            decision = evaluate(memory, seen(healthy=healthy(cycle), cycle=cycle), THRESHOLDS)
            decisions.append(decision)
            memory = decision.memory
        return decisions

    outage = range(210, 240)

    async def answer(cycle: int) -> Snapshot:
        store.down = cycle in outage
        return seen(healthy=healthy(cycle), cycle=cycle)

    store = StoreStandIn()
    look = LookStandIn(answer)
    async with running(environment, look, store, cycle_seconds=300) as loop:
        # By the hour: the call for a longer sleep would reach the client's own time limit.
        for _ in range(25):
            await environment.sleep(timedelta(hours=1))
        await environment.sleep(timedelta(minutes=57))
        latest = await loop.latest()
        histories = await loop.histories(environment)
    assert len(look.requests) == 312
    assert latest.cycle == 312
    stored = {record.decision.cycle: record.decision for record in store.records}
    decisions = expected()
    assert {State.HAPPY, State.STRESSED, State.CRITICAL} == {one.state for one in decisions}
    # Of the outage, the newest cycles and every change of state came later; the others are said.
    missing = [one for one in decisions if one.cycle not in stored]
    assert not any(one.changed for one in missing)
    assert 0 < len(missing) == latest.dropped <= len(outage) + 1 - KEEP
    assert list(stored.values()) == [one for one in decisions if one.cycle in stored]
    assert all(earlier < later for earlier, later in pairwise(stored))
    assert len(histories) > 1
    assert max(len(history.events) for history in histories) < 10_000
    replayer = Replayer(workflows=[Observe], data_converter=DATA_CONVERTER)
    for history in histories:
        await replayer.replay_workflow(history)


async def test_a_new_chain_goes_on_from_what_the_store_remembers(
    environment: WorkflowEnvironment,
) -> None:
    memory = Memory(
        state=State.CRITICAL, standing=State.CRITICAL, cycle=57, critical_run=5, band="starter"
    )
    store = StoreStandIn(memory=memory)
    async with running(environment, LookStandIn(), store) as loop:
        await environment.sleep(timedelta(seconds=75))
        assert (await loop.latest()).recall is Recall.RESTORED
    decisions = [record.decision for record in store.records]
    assert [one.cycle for one in decisions] == [58, 59, 60]
    assert decisions[0].previous_state is State.CRITICAL
    # A forgotten one would be happy at once.
    assert decisions[0].state is State.CRITICAL


async def test_judging_begins_without_a_store_and_says_so(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn(memory=Memory(cycle=57), down=True)
    async with running(environment, LookStandIn(), store) as loop:
        await environment.sleep(timedelta(seconds=45))
        latest = await loop.latest()
        assert latest.recall is Recall.STORE_UNAVAILABLE
        assert latest.state is State.HAPPY
        store.down = False
        await environment.sleep(timedelta(seconds=60))
        # What the store remembered from before is older than what the loop knows now.
        assert (await loop.latest()).cycle < 10
    assert [record.decision.cycle for record in store.records][:2] == [1, 2]


async def test_a_changed_cadence_reaches_a_running_loop(
    environment: WorkflowEnvironment,
) -> None:
    look = LookStandIn()
    async with running(environment, look, StoreStandIn(), cycle_seconds=300) as loop:
        await environment.sleep(timedelta(seconds=100))
        assert len(look.requests) == 1
        await loop.handle.signal(Observe.configure, Cadence(cycle_seconds=30))
        await environment.sleep(timedelta(seconds=100))
        # The cycle that was overdue by the new cadence, then one every 30 s.
        assert len(look.requests) in (4, 5)
        assert (await loop.latest()).cycle_seconds == 30


async def test_a_defect_in_a_rule_costs_its_cycle_and_no_more(
    environment: WorkflowEnvironment,
) -> None:
    store = StoreStandIn()
    async with running(environment, LookStandIn(), store) as loop:
        loop.judge.fail_at = 2
        await environment.sleep(timedelta(seconds=75))
        assert (await loop.latest()).unjudged == 1
        assert loop.judge.judged == 3
    assert [record.decision.cycle for record in store.records] == [1, 2]


async def test_queues_of_the_last_survey_are_known_to_the_next_look(
    environment: WorkflowEnvironment,
) -> None:
    look = LookStandIn()
    async with running(environment, look, StoreStandIn()):
        await environment.sleep(timedelta(seconds=45))
    first, second = look.requests
    assert first.known_queues == ()
    assert first.find_queues
    assert [key.name for key in second.known_queues] == ["orders"]
    assert not second.find_queues


async def test_log_windows_meet_and_wait_for_a_loki_that_was_away(
    environment: WorkflowEnvironment,
) -> None:
    ends = [START + timedelta(seconds=30 * n) for n in range(4)]

    async def answer(cycle: int) -> Snapshot:
        if cycle == 2:
            raise ApplicationError("nothing to see", non_retryable=True)
        absence = Absence.REFUSED if cycle == 1 else None
        logs = LogSurvey(start=START, end=ends[cycle], absence=absence)
        return seen(cycle=cycle).model_copy(update={"logs": logs})

    look, store = LookStandIn(answer), StoreStandIn()
    async with running(environment, look, store):
        await environment.sleep(timedelta(seconds=100))
    assert [asked.logs_since for asked in look.requests] == [None, ends[0], ends[0], ends[0]]
    missing = [record.decision.logs_missing for record in store.records]
    assert missing[0] == ""
    assert "refused" in missing[1]
    assert "looking took longer" in missing[2]


async def test_a_loop_ends_when_its_worker_judges_another_cluster(
    environment: WorkflowEnvironment,
) -> None:
    async def other(_: int) -> Snapshot:
        raise ApplicationError("judges prod now", type=OTHER_CLUSTER, non_retryable=True)

    async with running(environment, LookStandIn(other), StoreStandIn()) as loop:
        ended = await asyncio.wait_for(loop.handle.result(), 15)
        assert "prod" in ended.reason


async def test_a_cancelled_loop_ends(environment: WorkflowEnvironment) -> None:
    look = LookStandIn()
    async with running(environment, look, StoreStandIn()) as loop:
        await until(lambda: bool(look.requests))
        await loop.handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(loop.handle.result(), 15)
