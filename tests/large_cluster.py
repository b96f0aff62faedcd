"""A large cluster of real parts: a development server, and a Prometheus with backfilled series.

2,000 task queues in 200 namespaces, 12 instances of history. The server has the namespaces, and
describes each queue; the series are those of such a cluster at an even load, written for it.
They say nothing of shards, of which the server has few: the frontend would contradict them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from copilot.access.temporal import MonitoredTemporal
from copilot.activities.collect import METRICS_SHARE, Collector
from copilot.settings import Settings
from copilot.signals.prometheus import MetricsClient
from copilot.signals.roles import Role
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics
from tests.copilot.signals.backfilled_prometheus import Series, backfilled_prometheus
from tests.lab.styled_servers import dev_server

CLUSTER = "large"
NAMESPACES = tuple(f"team-{number:03}" for number in range(200))
QUEUES_OF_A_NAMESPACE = 10
QUEUES = tuple(
    (namespace, f"{namespace}-queue-{number}")
    for namespace in NAMESPACES
    for number in range(QUEUES_OF_A_NAMESPACE)
)
LATE = QUEUES[777]
"""A quiet queue with a late task, by the metrics and by the server."""
ABANDONED = QUEUES[1234]
"""A queue with an open workflow, which the server has unloaded: no metrics name it."""
_INSTANCES = {Role.FRONTEND: 6, Role.HISTORY: 12, Role.MATCHING: 6, Role.WORKER: 2}
_SCRAPE = 15
_REGISTER_AT_ONCE = 2
_CALL = timedelta(seconds=60)
_OPERATIONS = ("StartWorkflowExecution", "SignalWorkflowExecution", "RespondWorkflowTaskCompleted")
_OWN = ("Poll", "Respond", "RecordWorkerHeartbeat", "DescribeNamespace")
_BOUNDS = ("1", "10", "100", "1000", "+Inf")


def series(minutes: float, *, whole: bool = False) -> Iterator[Series]:
    """The samples of some minutes from now on; `whole` adds those that no query names one by one.

    About 20,000 series, or 60,000.
    """
    for text, per_second in _counters(whole=whole):
        yield _series(text, step=_SCRAPE * per_second, minutes=minutes)
    for text, value in _gauges():
        yield _series(text, value=value, minutes=minutes)


def _series(text: str, *, minutes: float, value: float = 0, step: float = 0) -> Series:
    labelled = text.replace("{", f'{{cluster="{CLUSTER}",', 1)
    end, begin = 60 * minutes, -360
    return Series(labelled, value=value, step=step, begin=begin, end=end, every=_SCRAPE)


def _counters(*, whole: bool) -> Iterator[tuple[str, float]]:
    yield from _of_processes()
    yield from _of_queues(instances=_INSTANCES[Role.HISTORY] if whole else 1)
    yield from _of_namespaces(instances=_INSTANCES[Role.FRONTEND] if whole else 1)


def _of_processes() -> Iterator[tuple[str, float]]:
    for role, count in _INSTANCES.items():
        for number in range(count):
            process = _of(role, number)
            yield f'persistence_requests_total{{{process},operation="GetShard"}}', 50
            for bound in _BOUNDS:
                yield f'persistence_latency_milliseconds_bucket{{{process},le="{bound}"}}', 50
            yield f"persistence_latency_milliseconds_count{{{process}}}", 50


def _of_queues(instances: int) -> Iterator[tuple[str, float]]:
    """Completions come from every instance of history, as a type's workflows are everywhere."""
    for index, (namespace, queue) in enumerate(QUEUES):
        if (namespace, queue) == ABANDONED:
            continue
        matching = _of(Role.MATCHING, index)
        for kind in ("Workflow", "Activity"):
            of = _queue(namespace, queue, kind)
            yield f"poll_success_total{{{matching},{of}}}", 1 / (1 + index)
            yield f"poll_timeouts_total{{{matching},{of}}}", 0.05
        of = f'namespace="{namespace}",taskqueue="{queue}",workflowType="Order"'
        for instance in range(instances):
            yield f"workflow_success_total{{{_of(Role.HISTORY, instance)},{of}}}", 0.01


def _of_namespaces(instances: int) -> Iterator[tuple[str, float]]:
    for index, namespace in enumerate(NAMESPACES):
        history = f'{_of(Role.HISTORY, index)},namespace="{namespace}"'
        yield f"state_transition_count_ratio_count{{{history}}}", 2
        for instance in range(instances):
            for operation in _OPERATIONS:
                of = f'{_of(Role.FRONTEND, instance)},namespace="{namespace}"'
                of += f',operation="{operation}"'
                yield f"service_requests_total{{{of}}}", 0.2
                for bound in _BOUNDS:
                    yield f'service_latency_milliseconds_bucket{{{of},le="{bound}"}}', 0.2


def _gauges() -> Iterator[tuple[str, float]]:
    for role, count in _INSTANCES.items():
        for number in range(count):
            yield f'up{{job="{role.job}",instance="{role}-{number}"}}', 1
    for index, (namespace, queue) in enumerate(QUEUES):
        if (namespace, queue) == ABANDONED:
            continue
        late = (namespace, queue) == LATE
        for kind in ("Workflow", "Activity"):
            of = f"{_of(Role.MATCHING, index)},{_queue(namespace, queue, kind)}"
            of_late = late and kind == "Workflow"
            yield f"approximate_backlog_count{{{of}}}", 1 if of_late else 0
            yield f"approximate_backlog_age_seconds{{{of}}}", 40 if of_late else 0


def _of(role: Role, index: int) -> str:
    number = index % _INSTANCES[role]
    return f'job="{role.job}",instance="{role}-{number}",service_name="{role}"'


def _queue(namespace: str, queue: str, kind: str) -> str:
    return f'namespace="{namespace}",taskqueue="{queue}",task_type="{kind}",partition="0"'


class LargeCluster:
    """Where its parts are, and how many requests they got."""

    def __init__(self, frontend: str, metrics: str, prometheus: str) -> None:
        self.frontend, self._metrics, self.prometheus = frontend, metrics, prometheus

    def calls(self) -> dict[str, float]:
        """Requests to the frontend by operation, as the server counts them itself.

        Without those of Temporal's own workers, which every namespace has.
        """
        url = f"http://{self._metrics}/metrics"
        counted = _counted(url, "service_requests", "operation", service_name="frontend")
        return {name: count for name, count in counted.items() if not name.startswith(_OWN)}

    def queries(self) -> float:
        """Instant queries, as Prometheus counts them itself."""
        counted = _counted(f"{self.prometheus}/metrics", "prometheus_http_requests", "handler")
        return counted.get("/api/v1/query", 0)

    @asynccontextmanager
    async def collecting(
        self, database_url: str, cycle_seconds: float = 30
    ) -> AsyncIterator[Collector]:
        """The activity that collects, with the settings of a deployment but for its addresses."""
        settings = Settings.model_construct(
            database_url=SecretStr(database_url),
            cluster=CLUSTER,
            cycle_seconds=cycle_seconds,
            monitored_address=self.frontend,
            monitored_namespaces=("*",),
            prometheus_endpoint=self.prometheus,
        )
        async with (
            Repository.open(database_url) as repository,
            MetricsClient(
                self.prometheus,
                concurrency=settings.query_concurrency,
                timeout_seconds=60,
                budget_seconds=METRICS_SHARE * settings.cycle_seconds,
            ) as prometheus,
        ):
            yield Collector(
                settings=settings,
                prometheus=prometheus,
                monitored=MonitoredTemporal(self.frontend),
                repository=repository,
                metrics=WorkerMetrics(CollectorRegistry(), late_after_seconds=3 * cycle_seconds),
            )


def _counted(url: str, name: str, label: str, **labels: str) -> dict[str, float]:
    counts: dict[str, float] = {}
    text = httpx.get(url, trust_env=False, timeout=60).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.removesuffix("_total") == name and labels.items() <= (
                sample.labels.items()
            ):
                key = sample.labels.get(label, "")
                counts[key] = counts.get(key, 0) + sample.value
    return counts


@contextmanager
def large_cluster(folder: Path, minutes: float, *, whole: bool = False) -> Iterator[LargeCluster]:
    """It runs for some minutes: then its series end."""
    with (
        dev_server(folder) as (frontend, metrics),
        backfilled_prometheus(tuple(series(minutes, whole=whole)), folder) as prometheus,
    ):
        asyncio.run(_populate(frontend))
        yield LargeCluster(frontend, metrics, prometheus)


async def _populate(frontend: str) -> None:
    """Register the namespaces, and start the workflows of LATE and ABANDONED."""
    client = await Client.connect(frontend)
    slots = asyncio.Semaphore(_REGISTER_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for namespace in NAMESPACES:
            group.create_task(_register(client, namespace, slots))
    for namespace, queue in (LATE, ABANDONED):
        await _until_known(client, namespace)
        users = await Client.connect(frontend, namespace=namespace)
        await users.start_workflow("Order", id="order", task_queue=queue, rpc_timeout=_CALL)


async def _register(client: Client, namespace: str, slots: asyncio.Semaphore) -> None:
    request = RegisterNamespaceRequest(namespace=namespace)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    async with slots:
        # The server limits how many are registered in a second.
        await client.workflow_service.register_namespace(request, retry=True, timeout=_CALL)


async def _until_known(client: Client, namespace: str) -> None:
    end = time.monotonic() + _CALL.total_seconds()
    while True:
        try:
            await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=_CALL
            )
        except RPCError:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(1)
        else:
            return
