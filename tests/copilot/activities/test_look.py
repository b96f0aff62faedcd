"""Looking when nothing answers, and which queues are asked for."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from copilot.activities.look import METRICS_SHARE, OTHER_CLUSTER, Look, interleaved
from copilot.activities.models import LookRequest
from copilot.self_metrics import SelfMetrics
from copilot.settings import Settings
from copilot.signals.loki import LAG, LogsClient
from copilot.signals.prometheus import MetricsClient
from copilot.signals.snapshot import Absence, QueueKey, QueueKind
from copilot.store.repository import Repository
from tests.copilot.signals.stand_in import Reply, loki_that, silent_port, vector
from tests.copilot.worker_process import NOBODY

CYCLE_SECONDS = 2


def key(name: str) -> QueueKey:
    return QueueKey(namespace="default", name=name, kind=QueueKind.WORKFLOW)


@pytest.fixture
async def look() -> AsyncIterator[Look]:
    """A look at a cluster, a metrics store, a Loki and a store that are all down."""
    async with looking(f"http://{NOBODY}") as look:
        yield look


@asynccontextmanager
async def looking(loki_url: str | None) -> AsyncIterator[Look]:
    url = f"postgresql://copilot:copilot@{NOBODY}/copilot"
    settings = Settings.model_construct(
        database_url=SecretStr(url), cycle_seconds=CYCLE_SECONDS, monitored_address=NOBODY
    )
    budget = METRICS_SHARE * CYCLE_SECONDS
    async with (
        Repository.open(url) as repository,
        MetricsClient(
            f"http://{NOBODY}", concurrency=8, timeout_seconds=1, budget_seconds=budget
        ) as prometheus,
        LogsClient(
            loki_url or f"http://{NOBODY}", timeout_seconds=1, budget_seconds=budget
        ) as loki,
    ):
        yield Look(
            settings=settings,
            prometheus=prometheus,
            loki=loki if loki_url else None,
            monitored=await Client.connect(NOBODY, lazy=True),
            repository=repository,
            metrics=SelfMetrics(CollectorRegistry()),
        )


async def test_when_nothing_answers_the_snapshot_says_so_in_time(look: Look) -> None:
    known = (key("orders"), key("payments"))
    request = LookRequest(cluster="monitored", known_queues=known, find_queues=True)
    began = time.monotonic()
    snapshot = await ActivityEnvironment().run(look.look, request)
    assert time.monotonic() - began < CYCLE_SECONDS
    assert snapshot.metrics.source_absence is Absence.REFUSED
    assert snapshot.logs is not None
    assert snapshot.logs.absence is Absence.REFUSED
    assert snapshot.queues.absence is Absence.REFUSED
    assert NOBODY in snapshot.queues.detail
    # The store is away: the queues that the loop remembers are still asked for.
    assert snapshot.queues.unanswered == known


async def test_a_silent_loki_does_not_make_a_cycle_late() -> None:
    began = time.monotonic()
    async with silent_port() as port, looking(f"http://127.0.0.1:{port}") as look:
        snapshot = await ActivityEnvironment().run(look.look, LookRequest(cluster="monitored"))
    assert time.monotonic() - began < CYCLE_SECONDS
    assert snapshot.logs is not None
    assert snapshot.logs.absence is Absence.TIMED_OUT


async def test_without_loki_there_are_no_logs() -> None:
    async with looking(None) as look:
        snapshot = await ActivityEnvironment().run(look.look, LookRequest(cluster="monitored"))
    assert snapshot.logs is None


async def test_logs_are_counted_from_where_the_last_cycle_ended() -> None:
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=60)
    request = LookRequest(cluster="monitored", logs_since=since)
    async with loki_that(lambda _: Reply(vector())) as loki, looking(loki.url) as look:
        snapshot = await ActivityEnvironment().run(look.look, request)
    assert snapshot.logs is not None
    assert snapshot.logs.start == since
    assert timedelta(0) <= snapshot.at - LAG - snapshot.logs.end < timedelta(milliseconds=1)


async def test_another_cluster_is_refused_for_good(look: Look) -> None:
    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(look.look, LookRequest(cluster="production"))
    assert refused.value.type == OTHER_CLUSTER
    assert refused.value.non_retryable
    assert "production" in str(refused.value)


def test_no_list_of_queues_starves_another() -> None:
    remembered = (key("abandoned"), key("orders"), key("quiet"))
    active = (key("orders"), key("payments"))
    assert [one.name for one in interleaved(remembered, active, ())] == [
        "abandoned",
        "orders",
        "payments",
        "quiet",
    ]
