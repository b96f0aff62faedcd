"""The signal catalogue and the queue facts on a real server: names, labels and units are right."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from temporalio.bridge import temporal_sdk_bridge
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError

from copilot.signals.catalog import CATALOG
from copilot.signals.cycle_queries import NAMED
from copilot.signals.measure import measure
from copilot.signals.measurement import Measurement, SizeKind
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queries import fill
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal import Condition, Signal
from copilot.signals.signal_names import SignalName as S
from copilot.signals.task_queues import survey, visible_queues
from lab.binaries import binary
from lab.cluster import Lab
from lab.faulty_workers import CONCURRENT_ACTIVITIES
from lab.prometheus import MONITORED
from tools.servers import TEMPORAL_SERVER

SHORT, LONG, STALE_AFTER = 10, 20, 10
WITHIN_SECONDS = 240
T = TypeVar("T")
# A metric's kind and its definition's name stand before its matchers.
METRIC = re.compile(r"\b(counter|gauge|sdk|timer|dimensionless|bytes):(\w+)\{")
HISTOGRAM = re.compile(r"_(bucket|count)$")
# Zero in an idle cluster.
AT_REST = {
    S.STATE_TRANSITIONS_RATE,
    S.WORKFLOW_SUCCESS_RATE,
    S.WORKFLOW_FAILED_RATE,
    S.HISTORY_TASK_RATE,
    S.START_REQUEST_RATE,
    S.POLL_SUCCESS_RATE,
    S.WORKFLOW_BACKLOG_AGE,
    S.BACKLOG_COUNT,
    S.NO_POLLER_RATE,
    S.FRONTEND_ERROR_RATE,
    S.PERSISTENCE_ERROR_RATE,
    S.VISIBILITY_ERROR_RATE,
}
# Under a steady load their series exist and may be 0.
RESTING = {
    S.SHARD_CREATED_RATE,
    S.STORE_SESSION_REFRESH_RATE,
    S.MEMBERSHIP_CHANGE_RATE,
    S.WORKFLOW_SLOTS_USED,
    S.ACTIVITY_SLOTS_USED,
}


@pytest.fixture
async def prometheus(lab: Lab) -> AsyncIterator[MetricsClient]:
    endpoint = lab.environment()["PROMETHEUS_ENDPOINT"]
    async with MetricsClient(endpoint, concurrency=4, timeout_seconds=60) as client:
        yield client


@pytest.fixture
async def client(lab: Lab) -> Client:
    return await Client.connect(lab.frontend_address, runtime=Runtime(telemetry=TelemetryConfig()))


@pytest.fixture
def load(lab: Lab) -> Iterator[None]:
    lab.start_load(rate=2)
    yield
    lab.stop_load()


async def measured(prometheus: MetricsClient, cluster: str = MONITORED) -> Measurement:
    return await measure(
        prometheus, cluster=cluster, short=SHORT, long=LONG, scrape=2, stale_after=STALE_AFTER
    )


async def eventually(see: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """Return the first value for which `holds`; fail with the last one."""
    deadline = asyncio.get_running_loop().time() + WITHIN_SECONDS
    while not holds(found := await see()):
        assert asyncio.get_running_loop().time() < deadline, f"last seen: {found}"
        await asyncio.sleep(0.5)
    return found


def _instances(found: Measurement) -> set[str]:
    return {one.name for instances in found.instances.values() for one in instances}


def value(found: Measurement, name: S) -> float:
    return found.readings[name].value or 0


async def test_an_idle_cluster_reads_as_idle(prometheus: MetricsClient) -> None:
    """Temporal's own workflows and polls do not show."""

    def rests(found: Measurement) -> bool:
        quiet = all(found.readings[name] == Reading.of(0) for name in AT_REST)
        # Without workers there is no worker without slots.
        alone = found.readings[S.ACTIVITY_SLOTS_AVAILABLE].absence is Absence.NOT_EXPORTED
        judged = [found.readings[signal.name] for signal in CATALOG if not signal.explains]
        complete = not any(reading.is_missing for reading in judged)
        up = set(found.targets.values()) == {Reading.of(1)}
        works = value(found, S.PERSISTENCE_REQUEST_RATE) > 0
        return quiet and alone and complete and up and works

    await eventually(lambda: measured(prometheus), rests)


@pytest.mark.usefixtures("load")
async def test_every_signal_is_there_under_load_or_says_why_not(
    prometheus: MetricsClient,
) -> None:
    here = [signal for signal in CATALOG if signal.condition is not Condition.DSQL]
    expected = {signal.name for signal in here if not signal.absent_when_healthy}

    def all_there(found: Measurement) -> bool:
        # Series that may be 0 are checked below.
        series = all(value(found, name) > 0 for name in expected - RESTING)
        # The load has come to its rate.
        return series and value(found, S.START_REQUEST_RATE) > 0.5

    found = await eventually(lambda: measured(prometheus), all_there)
    queries = {signal: fill(signal.query.promql, MONITORED, SHORT, LONG) for signal in CATALOG}
    answers = await prometheus.query_all(queries.values())
    for signal, text in queries.items():
        assert answers[text].absence is None, text
        if signal in here:
            assert answers[text].samples or signal.absent_when_healthy, text
        else:
            # Tested on the documented exposition in tests/copilot/signals/test_measure.py.
            assert found.readings[signal.name].absence is Absence.NOT_EXPORTED
    # The load's workers: a slot is free, and the server's own workers are not counted.
    assert value(found, S.ACTIVITY_SLOTS_AVAILABLE) <= CONCURRENT_ACTIVITIES
    assert value(found, S.STICKY_CACHE_HIT_RATIO) <= 1
    assert 0 < value(found, S.WORKFLOW_SCHEDULE_TO_START_P95) < 10_000
    # Each signal has the right unit: seconds, milliseconds or the server's buckets.
    assert 0 < value(found, S.HISTORY_QUEUE_LATENCY_P95) < 30
    assert 0.5 < value(found, S.UPDATE_LATENCY_P99) < 10_000
    assert value(found, S.FRONTEND_LATENCY_P95) <= value(found, S.FRONTEND_LATENCY_P99)
    assert value(found, S.STATE_TRANSITIONS_RATE) > value(found, S.START_REQUEST_RATE) > 0.5


@cache
def content_of(program: Path) -> bytes:
    return program.read_bytes()


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_every_metric_is_one_that_the_server_or_the_sdk_knows(signal: Signal) -> None:
    """Also those that a healthy cluster never exports. The DSQL fork is not available."""
    if signal.condition is Condition.DSQL:
        return
    program = binary(TEMPORAL_SERVER) if signal.role else Path(temporal_sdk_bridge.__file__)
    assert_known(signal.query.promql, program)


@pytest.mark.parametrize("template", NAMED)
def test_every_metric_that_names_a_part_is_one_that_the_server_knows(template: str) -> None:
    assert_known(template, binary(TEMPORAL_SERVER))


def assert_known(template: str, program: Path) -> None:
    content = content_of(program)
    for kind, name in METRIC.findall(template):
        known = name.removeprefix("temporal_").removesuffix("_total") if kind == "sdk" else name
        if kind in ("timer", "dimensionless", "bytes"):
            known = HISTOGRAM.sub("", name)
        assert known.encode() in content, f"{program.name} has no metric {known}"


@pytest.mark.usefixtures("load")
async def test_shards_calls_and_sizes_are_named_under_load(prometheus: MetricsClient) -> None:
    def named(found: Measurement) -> bool:
        roles = {calls.role for calls in found.role_calls}
        # The server records the size of the state without its namespace.
        kinds = {one.kind for one in found.largest if one.namespace in ("default", "")}
        return roles >= {"history", "matching"} and kinds == set(SizeKind)

    found = await eventually(lambda: measured(prometheus), named)
    assert sum(one.shards for one in found.owned_shards) == value(found, S.SHARD_COUNT) > 0
    assert {one.instance for one in found.owned_shards} == {
        instance.name for instance in found.instances[Role.HISTORY]
    }
    # A few of the load's workflows wait, and none has a long history.
    assert max(one.size for one in found.largest if one.kind is SizeKind.HISTORY_EVENTS) <= 1000


@pytest.mark.usefixtures("load")
async def test_outcomes_and_queues_of_the_load_are_named(prometheus: MetricsClient) -> None:
    def named(found: Measurement) -> bool:
        queues = {(key.name, key.kind) for key in found.active_queues}
        wanted = {("order-fulfilment", kind) for kind in QueueKind}
        return bool(found.outcomes) and queues >= wanted

    found = await eventually(lambda: measured(prometheus), named)
    assert {outcome.namespace for outcome in found.outcomes} == {"default"}
    assert {key.namespace for key in found.active_queues} == {"default"}
    assert not [key for key in found.active_queues if key.name.startswith("temporal-sys")]


async def test_the_copilots_own_cluster_is_another_one(prometheus: MetricsClient) -> None:
    own, monitored = await measured(prometheus, "copilot"), await measured(prometheus)
    assert _instances(own)
    assert _instances(own).isdisjoint(_instances(monitored))


async def test_what_clients_do_wrong_is_no_error_of_the_frontend(
    prometheus: MetricsClient, client: Client
) -> None:
    errors = (
        f'sum(service_error_with_type_total{{cluster="{MONITORED}",service_name="frontend",'
        'error_type=~"serviceerror.(NotFound|WorkflowExecutionAlreadyStarted|InvalidArgument)"})'
    )

    async def counted() -> float:
        samples = (await prometheus.query(errors)).samples
        return samples[0].value if samples else 0

    before, wanted = await counted(), 20
    name = f"signals-{uuid4().hex}"
    handle = await client.start_workflow("Nobody", id=name, task_queue="signals-nobody")
    for _ in range(wanted):
        with pytest.raises(RPCError):
            await client.get_workflow_handle("signals-nowhere").describe()
    await eventually(counted, lambda count: count >= before + wanted)
    assert (await measured(prometheus)).readings[S.FRONTEND_ERROR_RATE] == Reading.of(0)
    await handle.terminate()


async def test_a_queue_without_workers_is_described_exactly(client: Client) -> None:
    """Also one whose name needs care in a visibility query."""
    names = [f"signals-{part}-{uuid4().hex[:8]}" for part in ("plain", "it's", 'a"b', "b\\c")]
    handles = [
        await client.start_workflow("Nobody", id=f"{name}-{n}", task_queue=name)
        for name in names
        for n in range(3)
    ]
    await eventually(
        lambda: visible_queues(client, ["default"]),
        lambda visible: {key.name for key in visible} >= set(names),
    )
    keys = [
        QueueKey(namespace="default", name=name, kind=kind) for name in names for kind in QueueKind
    ]
    found = await eventually(
        lambda: survey(client, keys),
        lambda survey: sum(facts.backlog for facts in survey.queues) == len(handles),
    )
    assert [facts.key for facts in found.queues] == keys
    for facts in found.queues:
        waiting = 3 if facts.key.kind is QueueKind.WORKFLOW else 0
        assert facts.backlog == waiting
        assert (facts.backlog_age_seconds > 0) == bool(waiting)
        assert facts.dispatch_rate == 0
        assert (facts.pollers, facts.last_poll) == (0, None)
    for handle in handles:
        await handle.terminate()


@pytest.mark.usefixtures("load")
async def test_a_served_queue_shows_its_workers_and_rates(client: Client) -> None:
    keys = [QueueKey(namespace="default", name="orders", kind=kind) for kind in QueueKind]
    gone = QueueKey(namespace="signals-no-such", name="q", kind=QueueKind.WORKFLOW)
    found = await eventually(
        lambda: survey(client, [*keys, gone]),
        lambda survey: (
            [facts.key for facts in survey.queues] == keys
            and all(facts.dispatch_rate > 0 and facts.add_rate for facts in survey.queues)
        ),
    )
    assert all(facts.pollers and facts.last_poll for facts in found.queues)
    assert found.unanswered == ()
    assert found.absence is None


async def test_without_matching_the_frontend_still_answers_that_it_knows_nothing(
    lab: Lab, client: Client
) -> None:
    key = QueueKey(namespace="default", name="orders", kind=QueueKind.WORKFLOW)
    await asyncio.to_thread(lab.inject, "kill-matching")
    try:
        # A call that was under way when matching died may time out instead.
        found = await eventually(
            lambda: survey(client, [key]), lambda survey: "UNAVAILABLE" in survey.detail
        )
    finally:
        await asyncio.to_thread(lab.heal, "kill-matching")
    assert found.absence is None
    assert found.unanswered == (key,)
