"""The worker's liveness, readiness and metrics over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from copilot.health.decision import Memory
from copilot.signals.probe import CanaryReport, CanaryStep, Probe
from copilot.signals.queue import QueueSurvey
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import LogCount, LogSurvey, Snapshot
from copilot.worker.health import WorkerHealth
from copilot.worker.listener import application
from copilot.worker.metrics import WorkerMetrics
from tests.builders import START, snapshot
from tests.copilot.workflows.cycles import cluster_snapshot, record

CLUSTER = "monitored"
HAPPY = record(Memory(), cluster_snapshot()).decision
EMPTY_SNAPSHOT = snapshot(
    changes=dict.fromkeys(SignalName, Reading.missing(Absence.REFUSED)),
    source_absence=Absence.REFUSED,
    survey=QueueSurvey(absence=Absence.TIMED_OUT),
)
UNKNOWN = record(Memory(), EMPTY_SNAPSHOT).decision


class Worker:
    """The listener of a worker whose clock and state a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.polling = True
        self.health = WorkerHealth(late_after_seconds=90, clock=lambda: self.now)
        self.metrics = WorkerMetrics(
            CollectorRegistry(), late_after_seconds=90, clock=lambda: self.now
        )
        app = application(self.health, self.metrics.registry, lambda: self.polling)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://worker"
        )

    async def metrics_text(self) -> str:
        return (await self.http.get("/metrics")).text


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    async with worker.http:
        yield worker


async def test_a_worker_that_polls_is_alive(worker: Worker) -> None:
    assert (await worker.http.get("/healthz")).status_code == 200
    worker.polling = False
    assert (await worker.http.get("/healthz")).status_code == 503


async def test_a_worker_is_ready_from_the_first_verdict(worker: Worker) -> None:
    response = await worker.http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["problem"]
    worker.health.record_decision(UNKNOWN)
    response = await worker.http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["problem"]
    worker.health.record_decision(HAPPY)
    assert (await worker.http.get("/readyz")).status_code == 200


async def test_an_unknown_state_after_a_verdict_leaves_the_worker_ready(worker: Worker) -> None:
    worker.health.record_decision(HAPPY)
    worker.health.record_decision(record(HAPPY.memory, EMPTY_SNAPSHOT).decision)
    assert (await worker.http.get("/readyz")).status_code == 200


async def test_a_loop_without_new_cycles_is_not_ready(worker: Worker) -> None:
    worker.health.record_decision(HAPPY)
    worker.now += 89
    assert (await worker.http.get("/readyz")).status_code == 200
    worker.now += 2
    worker.health.temporal_problem = "Temporal at 127.0.0.1:7243 does not answer"
    response = await worker.http.get("/readyz")
    assert response.status_code == 503
    assert "91 s" in response.json()["problem"]
    assert "127.0.0.1:7243" in response.json()["problem"]


async def test_a_worker_without_its_store_is_ready_and_names_the_store(worker: Worker) -> None:
    worker.health.record_decision(HAPPY)
    worker.health.store_problem = "the store at 127.0.0.1:5432/copilot does not answer"
    response = await worker.http.get("/readyz")
    assert response.status_code == 200
    assert "5432" in response.json()["store"]


async def test_metrics_show_the_last_decision_and_missing_signals(worker: Worker) -> None:
    worker.metrics.record_snapshot(cluster_snapshot())
    worker.metrics.record_decision(HAPPY, 0.2)
    worker.metrics.record_snapshot(EMPTY_SNAPSHOT)
    worker.metrics.record_decision(UNKNOWN, 0.4)
    text = (await worker.http.get("/metrics")).text
    families = text_string_to_metric_families(text)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    expected = {
        ("copilot_cycles_total", CLUSTER, "judged"): 1,
        ("copilot_cycles_total", CLUSTER, "unknown"): 1,
        ("copilot_cycle_duration_seconds_count",): 2,
        ("copilot_last_success_timestamp_seconds", CLUSTER): HAPPY.at.timestamp(),
        ("copilot_health_state", CLUSTER, "unknown"): 1,
        ("copilot_health_state", CLUSTER, "happy"): 0,
        ("copilot_gate_fired", CLUSTER, "view"): 1,
        ("copilot_signal_missing", CLUSTER, "state_transitions_rate"): 1,
        ("copilot_query_errors_total", "prometheus"): len(SignalName),
        ("copilot_query_errors_total", "temporal"): 1,
    }
    assert {name: found.get(name) for name in expected} == expected


async def test_a_cluster_that_another_worker_evaluates_leaves_the_gauges(worker: Worker) -> None:
    other = HAPPY.model_copy(update={"cluster": "other"})
    worker.metrics.record_decision(HAPPY, 0.2)
    worker.metrics.record_decision(other, 0.2)
    for cluster in (CLUSTER, "other"):
        assert f'copilot_health_state{{cluster="{cluster}"' in await worker.metrics_text()
    worker.now += 60
    worker.metrics.record_decision(HAPPY, 0.2)
    worker.now += 60
    text = await worker.metrics_text()
    assert f'copilot_health_state{{cluster="{CLUSTER}"' in text
    assert 'copilot_health_state{cluster="other"' not in text


async def test_the_canarys_steps_are_those_of_the_last_cycle(worker: Worker) -> None:
    steps = {CanaryStep.START: 0.02, CanaryStep.TIMER: 0.3}
    probe = Probe(at=START, canary=CanaryReport(shards=4, passed=4, steps=steps))
    worker.metrics.record_snapshot(cluster_snapshot().model_copy(update={"probe": probe}))
    text = (await worker.http.get("/metrics")).text
    assert 'copilot_canary_step_seconds{cluster="monitored",step="timer"} 0.3' in text
    worker.metrics.record_snapshot(cluster_snapshot())
    assert "copilot_canary_step_seconds{" not in (await worker.http.get("/metrics")).text


def with_logs(cycle: int, *counts: LogCount, absence: Absence | None = None) -> Snapshot:
    snapshot = cluster_snapshot(cycle=cycle)
    logs = LogSurvey(start=snapshot.at, end=snapshot.at, counts=counts, absence=absence)
    return snapshot.model_copy(update={"logs": logs})


async def test_log_patterns_are_those_of_the_last_cycle(worker: Worker) -> None:
    refused = LogCount(pattern="connection_refused", service="history", count=198)
    acquired = LogCount(pattern="shard_acquired", service="history", count=4)

    async def metrics_after(snapshot: Snapshot) -> str:
        worker.metrics.record_snapshot(snapshot)
        worker.metrics.record_decision(record(Memory(), snapshot).decision, 0.2)
        return (await worker.http.get("/metrics")).text

    text = await metrics_after(with_logs(0, refused, acquired))
    labels = 'cluster="monitored",pattern="connection_refused",service="history"'
    assert f"copilot_log_pattern_count{{{labels}}} 198.0" in text
    assert "shard_acquired" in text
    text = await metrics_after(with_logs(1, acquired))
    assert "connection_refused" not in text
    assert 'copilot_query_errors_total{source="loki"} 0.0' in text
    text = await metrics_after(with_logs(2, absence=Absence.REFUSED))
    assert "shard_acquired" not in text
    assert 'copilot_query_errors_total{source="loki"} 1.0' in text
