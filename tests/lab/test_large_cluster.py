"""A cycle on a large cluster: what it asks and stores is bounded, and it finds what is wrong."""

from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from temporalio.testing import ActivityEnvironment

from copilot.activities.collect import LIST_EVERY_CYCLES, Collector
from copilot.activities.models import CollectRequest
from copilot.health.decision import Cause, CauseKind, RuleName, State
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.snapshot import Snapshot
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from copilot.workflows.payloads import DATA_CONVERTER
from tests.builders import records_of
from tests.copilot.signals.conftest import build_prometheus
from tests.large_cluster import ABANDONED, CLUSTER, LATE, QUEUES, LargeCluster, large_cluster
from tests.waiting import until_async

MAX_QUEUES = 200
MINUTES = 12
# A busy machine is slow, not wrong.
CYCLE_SECONDS = 300
SECONDS = 180
LATE_SECONDS = 10  # the rules' limit


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LargeCluster]:
    build_prometheus()
    with large_cluster(tmp_path_factory.mktemp("large"), MINUTES) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copilot.activities.collect.CALL_SECONDS", 60)


@pytest.fixture
async def store_url(database_url: str) -> str:
    await migrate(database_url)
    return database_url


def workflow_queue(queue: tuple[str, str]) -> QueueKey:
    return QueueKey(namespace=queue[0], name=queue[1], kind=QueueKind.WORKFLOW)


async def collect(collector: Collector, request: CollectRequest) -> Snapshot:
    return await ActivityEnvironment().run(collector.collect, request)


async def test_a_cycle_has_bounded_requests_and_bytes_and_finds_the_late_queue(
    cluster: LargeCluster, store_url: str
) -> None:
    calls, queries = Counter(cluster.calls()), cluster.queries()
    async with cluster.collecting(store_url, CYCLE_SECONDS) as collector:
        found = await collect(collector, CollectRequest(cluster=CLUSTER))
    calls = Counter(cluster.calls()) - calls
    assert found.metrics.source_absence is None, found.metrics.source_detail
    assert cluster.queries() - queries <= 16
    # Users' queues, and Temporal's own of 10 namespaces with two of the cluster.
    assert calls["DescribeTaskQueue"] <= MAX_QUEUES + 22
    assert calls["ListWorkflowExecutions"] <= 50
    assert calls["ListNamespaces"] <= 2
    assert calls.total() <= 300, calls

    survey = found.queues
    assert len(survey.queues) == MAX_QUEUES, survey.detail
    assert survey.queues[0].key == workflow_queue(LATE)
    assert survey.queues[0].backlog == 1
    known = 2 * len(QUEUES)
    assert known - MAX_QUEUES - 2 <= survey.truncated <= known - MAX_QUEUES
    assert (survey.suspected_left_out, survey.unjudged) == (0, 0)
    assert survey.round_cycles <= 30

    (record,) = records_of([found])
    # Temporal warns of payloads above 256 kB and refuses those above 2 MB.
    (payload,) = await DATA_CONVERTER.encode([found])
    assert len(payload.data) < 50_000
    assert len(found.model_dump_json()) < 200_000
    (payload,) = await DATA_CONVERTER.encode([record])
    assert len(payload.data) < 100_000


async def test_only_the_late_queue_has_a_row_and_a_cause(
    cluster: LargeCluster, store_url: str
) -> None:
    async with (
        cluster.collecting(store_url, CYCLE_SECONDS) as collector,
        Repository.open(store_url) as repository,
    ):

        async def late_snapshot() -> Snapshot | None:
            found = await collect(collector, CollectRequest(cluster=CLUSTER))
            first = found.queues.queues[0]
            return found if first.backlog_age_seconds > LATE_SECONDS else None

        found = await until_async(late_snapshot, SECONDS, "a task is late")
        assert found
        (record,) = records_of([found])
        late = [facts for facts in found.queues.queues if facts.is_late]
        await repository.save([record])
        await repository.remember_queues(CLUSTER, late, found.at)
    unread = [gate for gate in record.decision.gates if gate.unread]
    assert record.decision.state is State.STRESSED, unread
    name = workflow_queue(LATE).full_name
    assert record.decision.causes == (Cause(kind=CauseKind.QUEUE, name=name),)
    assert not [one for one in record.decision.notices if one.name is RuleName.QUEUES_LEFT_OUT]
    with psycopg.connect(store_url) as connection:
        rows = connection.execute("SELECT name FROM remembered_queues").fetchall()
    assert rows == [(LATE[1],)]


async def test_a_queue_that_no_metrics_name_is_found_by_its_open_workflow(
    cluster: LargeCluster, store_url: str
) -> None:
    async with cluster.collecting(store_url, CYCLE_SECONDS) as collector:
        for cycle in range(LIST_EVERY_CYCLES):
            found = await collect(collector, CollectRequest(cluster=CLUSTER, cycle=cycle))
            asked = {facts.key: facts for facts in found.queues.queues}
            if workflow_queue(ABANDONED) in asked:
                assert asked[workflow_queue(ABANDONED)].backlog == 1
                return
    raise AssertionError("the namespace's turn did not come")
