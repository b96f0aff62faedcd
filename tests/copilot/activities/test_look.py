"""Looking when nothing answers, and which queues are asked for."""

import time
from collections.abc import AsyncIterator

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
from copilot.signals.prometheus import MetricsClient
from copilot.signals.snapshot import Absence, QueueKey, QueueKind
from copilot.store.repository import Repository
from tests.copilot.worker_process import NOBODY

CYCLE_SECONDS = 2


def key(name: str) -> QueueKey:
    return QueueKey(namespace="default", name=name, kind=QueueKind.WORKFLOW)


@pytest.fixture
async def look() -> AsyncIterator[Look]:
    """A look at a cluster, a metrics store and a store that are all down."""
    url = f"postgresql://copilot:copilot@{NOBODY}/copilot"
    settings = Settings.model_construct(
        database_url=SecretStr(url), cycle_seconds=CYCLE_SECONDS, monitored_address=NOBODY
    )
    async with (
        Repository.open(url) as repository,
        MetricsClient(
            f"http://{NOBODY}",
            concurrency=8,
            timeout_seconds=1,
            budget_seconds=METRICS_SHARE * CYCLE_SECONDS,
        ) as prometheus,
    ):
        yield Look(
            settings=settings,
            prometheus=prometheus,
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
    assert snapshot.queues.absence is Absence.REFUSED
    assert NOBODY in snapshot.queues.detail
    # The store is away: the queues that the loop remembers are still asked for.
    assert snapshot.queues.unanswered == known


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
