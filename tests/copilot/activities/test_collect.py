"""Snapshots while sources do not answer, and the queues of a survey."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from copilot.access.temporal import MonitoredTemporal
from copilot.activities.collect import METRICS_SHARE, Collector, interleave
from copilot.activities.models import CollectRequest
from copilot.settings import Settings
from copilot.signals.loki import LAG, LogsClient
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.reading import Absence
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics
from tests.copilot.worker.process import REFUSING_ADDRESS
from tests.fakes.http_source import Reply, fake_metrics_store, loki_answering, silent_port, vector

# A busy machine is slow, not wrong.
CYCLE_SECONDS = 60


def key(name: str) -> QueueKey:
    return QueueKey(namespace="default", name=name, kind=QueueKind.WORKFLOW)


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """Cluster, metrics store, Loki and the Copilot's store are all down."""
    async with collecting(f"http://{REFUSING_ADDRESS}") as collector:
        yield collector


@asynccontextmanager
async def collecting(
    loki_url: str | None,
    cycle_seconds: float = CYCLE_SECONDS,
    metrics_url: str = f"http://{REFUSING_ADDRESS}",
) -> AsyncIterator[Collector]:
    url = f"postgresql://copilot:copilot@{REFUSING_ADDRESS}/copilot"
    settings = Settings.model_construct(
        database_url=SecretStr(url), cycle_seconds=cycle_seconds, monitored_address=REFUSING_ADDRESS
    )
    budget = METRICS_SHARE * cycle_seconds
    async with (
        Repository.open(url) as repository,
        MetricsClient(
            metrics_url,
            concurrency=8,
            timeout_seconds=CYCLE_SECONDS,
            budget_seconds=budget,
        ) as prometheus,
        LogsClient(
            loki_url or f"http://{REFUSING_ADDRESS}",
            timeout_seconds=CYCLE_SECONDS,
            budget_seconds=budget,
        ) as loki,
    ):
        yield Collector(
            settings=settings,
            prometheus=prometheus,
            loki=loki if loki_url else None,
            monitored=MonitoredTemporal(REFUSING_ADDRESS),
            repository=repository,
            metrics=WorkerMetrics(CollectorRegistry(), late_after_seconds=90),
        )


async def test_without_any_source_the_snapshot_is_empty_and_in_time(
    collector: Collector,
) -> None:
    known = (key("orders"), key("payments"))
    request = CollectRequest(cluster="monitored", known_queues=known)
    began = time.monotonic()
    snapshot = await ActivityEnvironment().run(collector.collect, request)
    assert time.monotonic() - began < CYCLE_SECONDS
    assert snapshot.metrics.source_absence is Absence.REFUSED
    assert snapshot.logs is not None
    assert snapshot.logs.absence is Absence.REFUSED
    assert snapshot.queues.absence is Absence.REFUSED
    assert REFUSING_ADDRESS in snapshot.queues.detail
    # Without the store, the survey takes the queues of the last cycle.
    assert snapshot.queues.unanswered == known


async def test_a_queue_is_not_asked_by_a_name_that_a_style_has_rewritten() -> None:
    names = [
        {"__name__": "persistence_requests"},
        {"__name__": "persistence_latency_count"},
        {"__name__": "persistence_latency_bucket", "le": "0.001"},
    ]
    queues = [
        {"namespace": "default", "taskqueue": name, "task_type": "Workflow"}
        for name in ("order_fulfilment", "batch_jobs")
    ]

    def reply(query: str) -> Reply:
        if "__name__" in query:
            return Reply(series(*(one | {"part": "0"} for one in names)))
        return Reply(series(*queues) if "poll_success{" in query else vector())

    request = CollectRequest(cluster="monitored", known_queues=(key("order-fulfilment"),))
    async with (
        fake_metrics_store(reply) as store,
        collecting(None, metrics_url=store.url) as collector,
    ):
        snapshot = await ActivityEnvironment().run(collector.collect, request)
        # A name that was seen once stays known: of a large cluster a cycle lists few.
        request = CollectRequest(cluster="monitored", cycle=1)
        later = await ActivityEnvironment().run(collector.collect, request)
    assert later.queues.unanswered == (key("order-fulfilment"),)
    assert snapshot.metrics.active_queues == (key("order-fulfilment"),)
    assert snapshot.queues.unanswered == (key("order-fulfilment"),)
    assert snapshot.queues.truncated == 1


def series(*labels: dict[str, str]) -> str:
    result = [{"metric": one, "value": [time.time(), "1"]} for one in labels]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


async def test_a_silent_loki_does_not_make_a_cycle_late() -> None:
    """The share of a cycle of 2 s ends it, long before its time-out."""
    async with silent_port() as port, collecting(f"http://127.0.0.1:{port}", 2) as collector:
        began = time.monotonic()
        snapshot = await ActivityEnvironment().run(
            collector.collect, CollectRequest(cluster="monitored")
        )
        assert time.monotonic() - began < CYCLE_SECONDS
    assert snapshot.logs is not None
    assert snapshot.logs.absence is Absence.TIMED_OUT
    assert f"within {2 * METRICS_SHARE:.3g} s" in snapshot.logs.detail


async def test_without_loki_there_are_no_logs() -> None:
    async with collecting(None) as collector:
        snapshot = await ActivityEnvironment().run(
            collector.collect, CollectRequest(cluster="monitored")
        )
    assert snapshot.logs is None


async def test_logs_are_counted_from_the_end_of_the_last_window() -> None:
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=60)
    request = CollectRequest(cluster="monitored", logs_since=since)
    async with (
        loki_answering(lambda _: Reply(vector())) as loki,
        collecting(loki.url) as collector,
    ):
        snapshot = await ActivityEnvironment().run(collector.collect, request)
    assert snapshot.logs is not None
    assert snapshot.logs.start == since
    assert timedelta(0) <= snapshot.at - LAG - snapshot.logs.end < timedelta(milliseconds=1)


def test_queues_come_from_each_list_in_turn() -> None:
    remembered = (key("abandoned"), key("orders"), key("quiet"))
    active = (key("orders"), key("payments"))
    assert [one.name for one in interleave(remembered, active, ())] == [
        "abandoned",
        "orders",
        "payments",
        "quiet",
    ]
