"""The loop keeps its cadence and its cycles while sources, store or rules fail."""

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from copilot.activities.clusters import UNKNOWN_CLUSTER
from copilot.activities.models import MemoryRestore
from copilot.canary.models import ProbeRequest, ProbeResult
from copilot.health.decision import Decision, Memory, State
from copilot.health.evaluate import evaluate
from copilot.signals.probe import Probe
from copilot.signals.reading import Absence
from copilot.signals.snapshot import LogSurvey, Snapshot
from copilot.workflows.models import Cadence
from copilot.workflows.observe import Observe
from copilot.workflows.outbox import MAX_RECORDS
from copilot.workflows.payloads import DATA_CONVERTER
from copilot.workflows.probing import GRACE
from copilot.workflows.saving import ATTEMPT_TIMEOUT
from tests.builders import START, queue_facts, starved_queue
from tests.copilot.workflows.cycles import (
    THRESHOLDS,
    FakeCollector,
    FakeProbe,
    FakeStore,
    cluster_snapshot,
)
from tests.copilot.workflows.loop import pass_time, running
from tests.waiting import until_async

SECONDS = 180


def collection_times(history: WorkflowHistory) -> list[float]:
    """Seconds from the start of the run to each collection."""
    began = history.events[0].event_time.ToDatetime()
    return [
        (event.event_time.ToDatetime() - began).total_seconds()
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == "look"
    ]


def wake_times(history: WorkflowHistory) -> list[float]:
    """Seconds from the first collection to the time for which each wait for a cycle was set.

    It does not depend on how late the machine ends the wait.
    """
    begun, waits, started = None, list[float](), 0.0
    for event in history.events:
        if event.HasField("workflow_task_started_event_attributes"):
            started = event.event_time.ToDatetime().timestamp()
        if event.HasField("activity_task_scheduled_event_attributes") and begun is None:
            name = event.activity_task_scheduled_event_attributes.activity_type.name
            begun = started if name == "look" else None
        if event.HasField("timer_started_event_attributes") and begun is not None:
            wait = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            # The other waits are for a look that is late.
            if wait != GRACE:
                waits.append(started + wait.total_seconds() - begun)
    return waits


async def test_cycles_keep_their_times_while_every_collection_hangs(
    environment: WorkflowEnvironment,
) -> None:
    """In real time: the test server does not skip time while an activity runs."""

    async def hang(_: int) -> Snapshot:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    store = FakeStore()
    async with running(environment, FakeCollector(hang), store, cycle_seconds=2) as loop:
        await until_async(lambda: len(store.records) >= 3, SECONDS, "three cycles are stored")
        waits = wake_times((await loop.histories(environment))[0])
    # Each waits for its time: a machine under load may skip cycles, but not shift them. A wait
    # seems to end earlier by the time that the evaluation before it took.
    assert len(waits) >= 2
    assert all(time % 2 < 0.1 or time % 2 > 1.2 for time in waits), waits
    for record in store.records:
        assert record.decision.state is State.UNKNOWN
        assert record.decision.causes
        assert record.snapshot.metrics.source_absence is Absence.TIMED_OUT


async def test_a_store_that_hangs_delays_no_cycle_and_gets_one_call(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore()
    collector = FakeCollector()
    async with running(environment, collector, store, cycle_seconds=1) as loop:
        await until_async(lambda: len(store.records) == 1, SECONDS, "a cycle is stored")
        store.hangs = True
        attempts, evaluations = store.attempts, loop.evaluator.evaluations
        began = time.monotonic()
        await until_async(
            lambda: loop.evaluator.evaluations >= evaluations + 3, SECONDS, "three more cycles"
        )
        # The call is tried again when its own time-out has passed.
        more = int((time.monotonic() - began) / ATTEMPT_TIMEOUT.total_seconds())
        assert attempts + 1 <= store.attempts <= attempts + 1 + more


async def test_after_an_outage_every_cycle_arrives_in_order(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore()
    async with running(environment, FakeCollector(), store) as loop:
        await environment.sleep(timedelta(seconds=45))
        store.down = True
        await pass_time(environment, timedelta(minutes=6))
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
            seen = cluster_snapshot(healthy=healthy(cycle), cycle=cycle)
            if cycle:  # the first cycle has no look before it
                seen = seen.model_copy(update={"probe": Probe(at=seen.at)})
            decision = evaluate(memory, seen, THRESHOLDS)
            decisions.append(decision)
            memory = decision.memory
        return decisions

    # Longer than the outbox holds, and across the end of the loop's first run.
    outage = range(210, 270)

    async def answer(cycle: int) -> Snapshot:
        store.down = cycle in outage
        return cluster_snapshot(healthy=healthy(cycle), cycle=cycle)

    store = FakeStore()
    collector = FakeCollector(answer)
    async with running(environment, collector, store, cycle_seconds=300) as loop:
        # The end of each of six troubles is confirmed half a cycle sooner.
        await pass_time(environment, timedelta(hours=25, minutes=42))
        latest = await loop.latest()
        histories = await loop.histories(environment)
    assert len(collector.requests) == 312
    assert latest.cycle == 312
    stored = {record.decision.cycle: record.decision for record in store.records}
    decisions = expected()
    assert {State.HAPPY, State.STRESSED, State.CRITICAL} == {one.state for one in decisions}
    assert list(stored.values()) == [one for one in decisions if one.cycle in stored]
    # The newest cycles of the outage and its changes of state are stored; the others are counted.
    # A call under way when the store comes back may store some that were counted already.
    missing = [one for one in decisions if one.cycle not in stored]
    assert not any(one.changed for one in missing)
    assert 0 < len(missing) <= latest.dropped <= len(outage) + 1 - MAX_RECORDS
    assert all(earlier < later for earlier, later in pairwise(stored))
    assert len(histories) > 1
    assert max(len(history.events) for history in histories) < 10_000
    replayer = Replayer(workflows=[Observe], data_converter=DATA_CONVERTER)
    for history in histories:
        await replayer.replay_workflow(history)


async def test_a_new_chain_begins_with_the_stored_memory(
    environment: WorkflowEnvironment,
) -> None:
    memory = Memory(
        state=State.CRITICAL, standing=State.CRITICAL, cycle=57, critical_run=5, band="starter"
    )
    store = FakeStore(memory=memory)
    async with running(environment, FakeCollector(), store) as loop:
        await environment.sleep(timedelta(seconds=75))
        assert (await loop.latest()).recall is MemoryRestore.RESTORED
    decisions = [record.decision for record in store.records]
    assert [one.cycle for one in decisions] == [58, 59, 60]
    assert decisions[0].previous_state is State.CRITICAL
    # Without memory the first cycle would be happy.
    assert decisions[0].state is State.CRITICAL


async def test_a_loop_begins_without_a_store(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore(memory=Memory(cycle=57), down=True)
    async with running(environment, FakeCollector(), store) as loop:
        await environment.sleep(timedelta(seconds=45))
        latest = await loop.latest()
        assert latest.recall is MemoryRestore.STORE_UNAVAILABLE
        assert latest.state is State.HAPPY
        store.down = False
        await environment.sleep(timedelta(seconds=60))
        # The stored memory is older than the loop's.
        assert (await loop.latest()).cycle < 10
    assert [record.decision.cycle for record in store.records][:2] == [1, 2]


async def test_a_changed_cadence_reaches_a_running_loop(
    environment: WorkflowEnvironment,
) -> None:
    collector = FakeCollector()
    async with running(environment, collector, FakeStore(), cycle_seconds=300) as loop:
        await environment.sleep(timedelta(seconds=100))
        assert len(collector.requests) == 1
        await loop.handle.signal(Observe.configure, Cadence(cycle_seconds=30))
        await environment.sleep(timedelta(seconds=100))
        # One cycle that is overdue at the new cadence, then one every 30 s.
        assert len(collector.requests) in (4, 5)
        assert (await loop.latest()).cycle_seconds == 30


async def test_a_defect_in_a_rule_loses_only_its_cycle(
    environment: WorkflowEnvironment,
) -> None:
    store = FakeStore()
    async with running(environment, FakeCollector(), store) as loop:
        loop.evaluator.fail_at = 2
        await environment.sleep(timedelta(seconds=75))
        assert (await loop.latest()).unjudged == 1
        assert loop.evaluator.evaluations == 3
    assert [record.decision.cycle for record in store.records] == [1, 2]


async def test_a_collection_gets_the_queues_of_the_last_survey(
    environment: WorkflowEnvironment,
) -> None:
    collector = FakeCollector()
    async with running(environment, collector, FakeStore()):
        await environment.sleep(timedelta(seconds=45))
    first, second = collector.requests
    assert (first.cycle, first.known_queues, first.asked_until) == (0, (), None)
    assert [key.name for key in second.known_queues] == ["orders"]
    assert (second.cycle, second.late_queues, second.asked_until) == (1, (), None)


async def test_a_collection_gets_the_late_queues_of_the_last_one_and_where_its_turn_ended(
    environment: WorkflowEnvironment,
) -> None:
    late = starved_queue("late")
    unused = queue_facts("unused", pollers=0, add_rate=0, dispatch_rate=0)
    facts = (queue_facts("fine"), late, unused)

    async def answer(cycle: int) -> Snapshot:
        found = cluster_snapshot(cycle=cycle)
        queues = found.queues.model_copy(update={"queues": facts, "until": late.key})
        return found.model_copy(update={"queues": queues})

    collector = FakeCollector(answer)
    async with running(environment, collector, FakeStore()):
        await environment.sleep(timedelta(seconds=45))
    second = collector.requests[1]
    assert [key.name for key in second.known_queues] == ["fine", "late"]
    assert second.late_queues == (late.key,)
    assert second.asked_until == late.key


async def test_log_windows_join_across_an_outage_of_loki(
    environment: WorkflowEnvironment,
) -> None:
    ends = [START + timedelta(seconds=30 * n) for n in range(4)]

    async def answer(cycle: int) -> Snapshot:
        if cycle == 2:
            raise ApplicationError("nothing to see", non_retryable=True)
        absence = Absence.REFUSED if cycle == 1 else None
        logs = LogSurvey(start=START, end=ends[cycle], absence=absence)
        return cluster_snapshot(cycle=cycle).model_copy(update={"logs": logs})

    collector, store = FakeCollector(answer), FakeStore()
    async with running(environment, collector, store):
        await environment.sleep(timedelta(seconds=100))
    assert [request.logs_since for request in collector.requests] == [
        None,
        ends[0],
        ends[0],
        ends[0],
    ]
    missing = [record.decision.logs_missing for record in store.records]
    assert missing[0] == ""
    assert missing[1]
    assert missing[2]


async def test_a_loop_ends_when_no_worker_knows_its_cluster_for_three_cycles(
    environment: WorkflowEnvironment,
) -> None:
    async def answer(attempt: int) -> Snapshot:
        # The workers learn it in the first cycle, and forget it after the second.
        if attempt in (1, 2):
            return cluster_snapshot()
        raise ApplicationError("no worker knows it", type=UNKNOWN_CLUSTER)

    store = FakeStore()
    async with running(environment, FakeCollector(answer), store) as loop:
        ended = await asyncio.wait_for(loop.handle.result(), SECONDS)
    assert ended.reason == "no worker knows it"
    states = [record.decision.state for record in store.records]
    assert states == [State.HAPPY, State.HAPPY, State.UNKNOWN, State.UNKNOWN]
    assert "no worker knows it" in store.records[-1].explanation.summary


async def test_a_cancelled_loop_ends(environment: WorkflowEnvironment) -> None:
    collector = FakeCollector()
    async with running(environment, collector, FakeStore()) as loop:
        await until_async(lambda: bool(collector.requests), SECONDS, "the first cycle begins")
        await loop.handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(loop.handle.result(), SECONDS)


def looks(*results: tuple[str, ...]) -> FakeProbe:
    """Looks that see these troubles, one tuple after the other, the last for ever."""

    async def answer(request: ProbeRequest) -> ProbeResult:
        troubles = results[min(len(probe.requests), len(results)) - 1]
        return ProbeResult(
            probe=Probe(at=START, frontend=",".join(troubles)),
            sweep=request.sweep,
            troubles=troubles,
            turned=troubles != request.known,
        )

    probe = FakeProbe(answer)
    return probe


async def test_a_turn_calls_the_next_cycle_and_shifts_those_after_it(
    environment: WorkflowEnvironment,
) -> None:
    """Bad after the second cycle, good after the fourth, which the sixth confirms sooner."""
    probe = looks((), ("frontend",), ("frontend",), ())
    store = FakeStore()
    async with running(environment, FakeCollector(), store, probe=probe) as loop:
        await environment.sleep(timedelta(seconds=115))
        times = collection_times((await loop.histories(environment))[0])
    began = times[0]
    assert [round(time - began) for time in times] == [0, 30, 40, 70, 80, 95]
    seen = [record.snapshot.probe.frontend for record in store.records if record.snapshot.probe]
    assert seen == ["", "frontend", "frontend", "", ""]


async def test_cycles_follow_each_other_until_a_trouble_is_confirmed(
    environment: WorkflowEnvironment,
) -> None:
    async def history_dies(cycle: int) -> Snapshot:
        return cluster_snapshot(healthy=cycle < 1, cycle=cycle)

    store, probe = FakeStore(), looks(("canary",))
    collector = FakeCollector(history_dies)
    async with running(environment, collector, store, probe=probe) as loop:
        await environment.sleep(timedelta(seconds=65))
        times = collection_times((await loop.histories(environment))[0])
    assert [round(time - times[0]) for time in times] == [0, 10, 20, 30, 60]
    assert [record.decision.state for record in store.records][-1] is State.CRITICAL


async def test_the_end_of_a_trouble_is_confirmed_after_half_a_cycle(
    environment: WorkflowEnvironment,
) -> None:
    async def history_is_down_twice(cycle: int) -> Snapshot:
        return cluster_snapshot(healthy=cycle not in (1, 2), cycle=cycle)

    store, collector = FakeStore(), FakeCollector(history_is_down_twice)
    async with running(environment, collector, store) as loop:
        await environment.sleep(timedelta(seconds=140))
        times = collection_times((await loop.histories(environment))[0])
    assert [round(time - times[0]) for time in times] == [0, 30, 60, 90, 105, 135]
    states = [record.decision.state for record in store.records]
    assert states == [
        State.HAPPY,
        *[State.STRESSED] * 3,
        *[State.HAPPY] * 2,
    ]


async def test_a_look_that_fails_costs_no_cycle(environment: WorkflowEnvironment) -> None:
    async def fails(_: ProbeRequest) -> ProbeResult:
        raise ApplicationError("a defect", non_retryable=True)

    store = FakeStore()
    async with running(environment, FakeCollector(), store, probe=FakeProbe(fails)):
        await environment.sleep(timedelta(seconds=95))
    assert [record.decision.cycle for record in store.records] == [1, 2, 3, 4]
    assert all(record.snapshot.probe is None for record in store.records)
