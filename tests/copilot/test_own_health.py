"""What the worker says of itself over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from copilot.health.decision import Memory
from copilot.listener import application
from copilot.own_health import OwnHealth
from copilot.self_metrics import SelfMetrics
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Absence, LogCount, LogSurvey, QueueSurvey, Snapshot
from tests.copilot.health.snapshots import Scene
from tests.copilot.workflows.cycles import record, seen

HAPPY = record(Memory(), seen()).decision
BLIND_SCENE = Scene(
    missing=dict.fromkeys(SignalName, Absence.REFUSED),
    source_absence=Absence.REFUSED,
    queues=QueueSurvey(absence=Absence.TIMED_OUT),
)
BLIND = record(Memory(), BLIND_SCENE.build()).decision


class Worker:
    """The listener of a worker whose clock and state a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.polling = True
        self.health = OwnHealth(late_after_seconds=90, clock=lambda: self.now)
        self.metrics = SelfMetrics(CollectorRegistry())
        app = application(self.health, self.metrics.registry, lambda: self.polling)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://worker"
        )


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    made = Worker()
    async with made.http:
        yield made


async def test_alive_is_a_worker_that_polls(worker: Worker) -> None:
    assert (await worker.http.get("/healthz")).status_code == 200
    worker.polling = False
    assert (await worker.http.get("/healthz")).status_code == 503


async def test_ready_begins_with_the_first_verdict(worker: Worker) -> None:
    response = await worker.http.get("/readyz")
    assert response.status_code == 503
    assert "no cycle" in response.json()["problem"]
    worker.health.judged(BLIND)
    response = await worker.http.get("/readyz")
    assert response.status_code == 503
    assert "no verdict yet" in response.json()["problem"]
    worker.health.judged(HAPPY)
    assert (await worker.http.get("/readyz")).status_code == 200


async def test_going_blind_after_a_verdict_is_no_fault_of_the_worker(worker: Worker) -> None:
    worker.health.judged(HAPPY)
    worker.health.judged(record(HAPPY.memory, BLIND_SCENE.build(1)).decision)
    assert (await worker.http.get("/readyz")).status_code == 200


async def test_a_loop_that_stopped_is_not_ready_and_says_why(worker: Worker) -> None:
    worker.health.judged(HAPPY)
    worker.now += 89
    assert (await worker.http.get("/readyz")).status_code == 200
    worker.now += 2
    worker.health.temporal_problem = "Temporal at 127.0.0.1:7243 does not answer"
    response = await worker.http.get("/readyz")
    assert response.status_code == 503
    assert "91 s old" in response.json()["problem"]
    assert "127.0.0.1:7243" in response.json()["problem"]


async def test_a_store_that_is_away_is_said_but_judging_goes_on(worker: Worker) -> None:
    worker.health.judged(HAPPY)
    worker.health.store_problem = "the store at 127.0.0.1:5432/copilot does not answer"
    response = await worker.http.get("/readyz")
    assert response.status_code == 200
    assert "5432" in response.json()["store"]


async def test_metrics_show_the_last_decision_and_what_was_missing(worker: Worker) -> None:
    worker.metrics.saw(seen())
    worker.metrics.judged(HAPPY, 0.2)
    worker.metrics.saw(BLIND_SCENE.build(1))
    worker.metrics.judged(BLIND, 0.4)
    text = (await worker.http.get("/metrics")).text
    families = text_string_to_metric_families(text)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    expected = {
        ("copilot_cycles_total", "judged"): 1,
        ("copilot_cycles_total", "unknown"): 1,
        ("copilot_cycle_duration_seconds_count",): 2,
        ("copilot_last_success_timestamp_seconds",): HAPPY.at.timestamp(),
        ("copilot_health_state", "unknown"): 1,
        ("copilot_health_state", "happy"): 0,
        ("copilot_gate_fired", "view"): 1,
        ("copilot_signal_missing", "state_transitions_rate"): 1,
        ("copilot_query_errors_total", "prometheus"): len(SignalName),
        ("copilot_query_errors_total", "temporal"): 1,
    }
    assert {name: found.get(name) for name in expected} == expected


def with_logs(cycle: int, *counts: LogCount, absence: Absence | None = None) -> Snapshot:
    snapshot = seen(cycle=cycle)
    logs = LogSurvey(start=snapshot.at, end=snapshot.at, counts=counts, absence=absence)
    return snapshot.model_copy(update={"logs": logs})


async def test_log_patterns_are_those_of_the_last_cycle(worker: Worker) -> None:
    refused = LogCount(pattern="connection_refused", service="history", count=198)
    acquired = LogCount(pattern="shard_acquired", service="history", count=4)

    async def metrics_after(snapshot: Snapshot) -> str:
        worker.metrics.saw(snapshot)
        worker.metrics.judged(record(Memory(), snapshot).decision, 0.2)
        return (await worker.http.get("/metrics")).text

    text = await metrics_after(with_logs(0, refused, acquired))
    name = 'copilot_log_pattern_count{pattern="connection_refused",service="history"}'
    assert f"{name} 198.0" in text
    assert "shard_acquired" in text
    text = await metrics_after(with_logs(1, acquired))
    assert "connection_refused" not in text
    assert 'copilot_query_errors_total{source="loki"} 0.0' in text
    text = await metrics_after(with_logs(2, absence=Absence.REFUSED))
    assert "shard_acquired" not in text
    assert 'copilot_query_errors_total{source="loki"} 1.0' in text
