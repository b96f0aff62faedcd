"""The routes about the last cycle: `/status`, gates, services, queues, summary."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from copilot.health.decision import State
from copilot.signals.catalog import CATALOG
from copilot.signals.probe import CanaryReport, CanaryStep, Probe
from copilot.signals.queue import QueueKey, QueueKind, QueueSurvey
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal import CONDITION_MEANS, Condition
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import LogCount
from copilot.store.repository import Repository
from tests.builders import (
    blind_snapshot,
    cycle_times,
    log_survey,
    queue_facts,
    records_of,
    snapshot,
    starved_queue,
)

STALE = Reading.missing(Absence.STALE, "the newest sample is 75 s old")
DATA_ROUTES = ("", "/summary", "/gates", "/services", "/queues", "/issues", "/timeline")


async def get_status(api: httpx.AsyncClient, path: str = "", **parameters: str) -> dict[str, Any]:
    response = await api.get(f"/status{path}", params=parameters)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def by_name(entries: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in entries}


async def test_healthy_cluster_is_happy_with_every_signal(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([snapshot(t) for t in cycle_times(datetime.now(UTC), 3)]))
    status = await get_status(api)
    assert status["health_state"] == "happy"
    assert status["previous_state"] == "unknown"
    assert status["scale_band"] == "mid_scale"
    assert status["canary"] is None
    assert not status["stale"]
    assert status["cycle"] == 3
    assert status["data_age_seconds"] < 60
    assert status["timestamp"].endswith("Z")
    assert status["since"] < status["timestamp"]
    assert status["causes"] == []
    read = [*status["primary_signals"], *status["amplifiers"]]
    assert [signal["name"] for signal in read] == [s.name for s in CATALOG]
    assert list(status["signals"]) == [s.name for s in CATALOG]
    assert {signal["kind"] for signal in status["amplifiers"]} == {"amplifier", "worker"}
    assert status["signals"]["state_transitions_rate"] == 145.2
    rates = by_name(status["primary_signals"])["state_transitions_rate"]
    assert (rates["title"], rates["unit"]) == ("Workflow updates", "updates/s")


async def test_signals_without_an_exporter_have_condition_and_detail(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([snapshot(datetime.now(UTC))]))
    status = await get_status(api)
    signals = by_name(status["amplifiers"])
    slots, pool = signals["workflow_slots_available"], signals["dsql_pool_in_use_ratio"]
    assert (slots["value"], slots["absence"], slots["condition"]) == (None, "not_exported", "sdk")
    assert slots["detail"] == CONDITION_MEANS[Condition.SDK]
    assert (pool["absence"], pool["condition"]) == ("not_exported", "dsql")
    assert pool["detail"] == CONDITION_MEANS[Condition.DSQL]
    assert signals["goroutines"]["value"] == 1636
    assert status["signals"]["workflow_slots_available"] is None
    assert status["bottleneck"] == "none"
    assert status["bottleneck_reasons"] == []


async def test_the_canarys_steps_are_shown(api: httpx.AsyncClient, repository: Repository) -> None:
    now = datetime.now(UTC)
    steps = {CanaryStep.START: 0.02, CanaryStep.TIMER: 0.3}
    probe = Probe(at=now, canary=CanaryReport(shards=4, passed=4, steps=steps))
    await repository.save(records_of([snapshot(now).model_copy(update={"probe": probe})]))
    canary = (await get_status(api))["canary"]
    assert canary["steps"] == {"start": 0.02, "timer": 0.3}
    assert (canary["passed"], canary["late"]) == (4, [])


async def test_stressed_cluster_has_gate_value_limit_and_cause(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = cycle_times(datetime.now(UTC), 4)
    slow = {S.PERSISTENCE_LATENCY_P95: 640.0}
    await repository.save(
        records_of([snapshot(t) for t in times[:2]] + [snapshot(t, slow) for t in times[2:]])
    )
    status = await get_status(api)
    assert status["health_state"] == "stressed"
    assert status["previous_state"] == "happy"
    assert datetime.fromisoformat(status["since"]) == times[2]
    assert status["causes"] == [{"kind": "persistence", "name": "persistence"}]
    assert status["bottleneck"] == "server"
    (reason,) = status["bottleneck_reasons"]
    assert "persistence_latency_p95" in reason
    assert status["issue_count"] == 1
    (gate,) = status["fired_gates"]
    assert (gate["name"], gate["observed"], gate["threshold"], gate["unit"]) == (
        "persistence_latency",
        640.0,
        400.0,
        "ms",
    )
    assert "persistence_latency" in status["reason"]
    gates = (await get_status(api, "/gates"))["gates"]
    assert [g["name"] for g in gates if g["outcome"] == "fired"] == ["persistence_latency"]
    assert {g["outcome"] for g in gates} == {"fired", "passed"}
    summary = await get_status(api, "/summary")
    assert "640" in summary["summary"]
    assert summary["explained_by"] == "rules"


async def test_a_notice_is_reported_beside_a_happy_state(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = cycle_times(datetime.now(UTC), 3)
    some_down = {"history": [True, True, False]}
    await repository.save(records_of([snapshot(t, instances=some_down) for t in times]))
    status = await get_status(api)
    assert status["health_state"] == "happy"
    assert (status["causes"], status["fired_gates"], status["issue_count"]) == ([], [], 0)
    (notice,) = status["notices"]
    assert (notice["gate"], notice["subject"]) == ("instances_down", "history")
    assert "history-2" in notice["description"]
    gates = (await get_status(api, "/gates"))["gates"]
    (gate,) = [g for g in gates if g["outcome"] != "passed"]
    assert (gate["name"], gate["outcome"], gate["severity"]) == (
        "instances_down",
        "notice",
        "notice",
    )
    services = (await get_status(api, "/services"))["services"]
    assert {service["status"] for service in services} == {"happy"}
    assert (await get_status(api, "/issues"))["issues"] == []


async def test_recovering_cluster_is_stressed_without_fired_gates(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = cycle_times(datetime.now(UTC), 3)
    slow = snapshot(times[1], {S.PERSISTENCE_LATENCY_P95: 640.0})
    await repository.save(records_of([snapshot(times[0]), slow, snapshot(times[2])]))
    status = await get_status(api)
    assert status["health_state"] == "stressed"
    assert status["fired_gates"] == []
    assert status["reason"]


async def test_missing_value_is_null_with_its_reason(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(
        records_of([snapshot(datetime.now(UTC), {S.PERSISTENCE_LATENCY_P95: STALE})])
    )
    status = await get_status(api)
    assert status["health_state"] == "unknown"
    signal = by_name(status["primary_signals"])["persistence_latency_p95"]
    assert (signal["value"], signal["absence"]) == (None, "stale")
    gates = by_name((await get_status(api, "/gates"))["gates"])
    assert gates["persistence_latency"]["outcome"] == "missing"
    services = by_name((await get_status(api, "/services"))["services"])
    assert services["persistence"]["status"] == "unknown"
    assert services["frontend"]["status"] == "happy"


async def test_a_gate_without_observations_passes(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    quiet = Reading.missing(Absence.NO_OBSERVATIONS)
    await repository.save(records_of([snapshot(datetime.now(UTC), {S.UPDATE_LATENCY_P95: quiet})]))
    gates = by_name((await get_status(api, "/gates"))["gates"])
    assert gates["update_latency"]["outcome"] == "passed"
    assert gates["update_latency"]["observed"] is None


async def test_service_that_is_down_is_stressed_then_critical(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = cycle_times(datetime.now(UTC), 4)
    records = records_of(
        [snapshot(times[0]), *(snapshot(t, down=["history"]) for t in times[1:])],
    )
    await repository.save(records[:2])
    history = by_name((await get_status(api, "/services"))["services"])["history"]
    assert (history["status"], history["up"]) == ("stressed", False)
    await repository.save(records[2:])
    assert records[-1].decision.state is State.CRITICAL
    services = by_name((await get_status(api, "/services", cluster="monitored"))["services"])
    # Responses are shared for a second, so the new cycle can appear a moment later.
    while services["history"]["status"] != "critical":
        assert datetime.now(UTC) - times[-1] < timedelta(seconds=60)
        services = by_name((await get_status(api, "/services"))["services"])
    assert services["matching"]["status"] == "happy"
    assert services["history"]["reason"] == "service_down"


async def test_service_statuses_depend_on_the_scale_tier(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    # 450 ms is too slow for a mid-scale cluster and fine for a small one.
    slow = {S.PERSISTENCE_LATENCY_P95: 450.0}
    small = slow | {S.STATE_TRANSITIONS_RATE: 9.0}
    now = datetime.now(UTC)
    await repository.save(records_of([snapshot(now, slow)]))
    await repository.save(records_of([snapshot(now, small, cluster="small")]))
    mid = by_name((await get_status(api, "/services"))["services"])
    starter = by_name((await get_status(api, "/services", cluster="small"))["services"])
    assert mid["persistence"]["status"] == "stressed"
    assert starter["persistence"]["status"] == "happy"


async def test_blind_cycle_makes_every_service_unknown(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    await repository.save(
        records_of([snapshot(now - timedelta(seconds=30)), blind_snapshot(now)]),
    )
    status = await get_status(api)
    assert status["health_state"] == "unknown"
    assert not status["stale"]
    assert {cause["kind"] for cause in status["causes"]} == {"source"}
    services = (await get_status(api, "/services"))["services"]
    assert {service["status"] for service in services} == {"unknown"}
    assert {service["up"] for service in services} == {None}


async def test_starved_queues_come_first(api: httpx.AsyncClient, repository: Repository) -> None:
    silent = QueueKey(namespace="default", name="silent", kind=QueueKind.ACTIVITY)
    survey = QueueSurvey(
        queues=(queue_facts("busy", backlog=40), starved_queue("left-alone"), queue_facts("calm")),
        unanswered=(silent,),
        truncated=3,
        suspected_left_out=2,
        unjudged=1,
        round_cycles=4,
    )
    await repository.save(records_of([snapshot(datetime.now(UTC), survey=survey)]))
    body = await get_status(api, "/queues")
    listed = [(queue["name"], queue["status"]) for queue in body["queues"]]
    assert listed == [
        ("left-alone", "stressed"),
        ("silent", "unknown"),
        ("busy", "happy"),
        ("calm", "happy"),
    ]
    assert (body["truncated"], body["suspected_left_out"], body["unjudged"]) == (3, 2, 1)
    assert body["round_seconds"] == 4 * 30
    assert body["queues"][0]["backlog"] == 1270
    assert body["queues"][1]["backlog"] is None


async def test_queues_that_could_not_be_read_have_a_reason(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    survey = QueueSurvey(absence=Absence.REFUSED, detail="127.0.0.1:7233 refused")
    await repository.save(records_of([snapshot(datetime.now(UTC), survey=survey)]))
    body = await get_status(api, "/queues")
    assert (body["queues"], body["absence"]) == ([], "refused")
    assert body["detail"] == "127.0.0.1:7233 refused"


async def test_log_patterns_have_severity_count_and_meaning(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    at = datetime.now(UTC)
    count = LogCount(pattern="connection_refused", service="history", count=198)
    logs = log_survey(at, count, unanswered=("shard_acquired",), detail="Loki answered HTTP 500")
    await repository.save(records_of([snapshot(at, logs=logs)]))
    status = await get_status(api)
    (pattern,) = status["log_patterns"]
    assert pattern.pop("meaning")
    assert pattern == {
        "name": "connection_refused",
        "service": "history",
        "severity": "critical",
        "count": 198,
    }
    assert "shard_acquired" in status["logs_missing"]
    assert "Loki answered HTTP 500" in status["logs_missing"]


async def test_a_cluster_without_loki_has_logs_missing(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([snapshot(datetime.now(UTC))]))
    status = await get_status(api)
    assert (status["health_state"], status["log_patterns"]) == ("happy", [])
    assert "LOKI_URL" in status["logs_missing"]


async def test_an_old_verdict_is_unknown(api: httpx.AsyncClient, repository: Repository) -> None:
    at = datetime.now(UTC) - timedelta(minutes=10)
    await repository.save(records_of([snapshot(at, queues=[queue_facts("orders")])]))
    for route in ("", "/summary", "/gates", "/services", "/queues", "/issues"):
        body = await get_status(api, route)
        assert (body["health_state"], body["stale"]) == ("unknown", True), route
        assert body["data_age_seconds"] >= 600
    status = await get_status(api)
    assert status["previous_state"] == "happy"
    assert datetime.fromisoformat(status["since"]) == at + timedelta(seconds=90)
    services = (await get_status(api, "/services"))["services"]
    assert {service["status"] for service in services} == {"unknown"}
    queues = (await get_status(api, "/queues"))["queues"]
    assert [queue["status"] for queue in queues] == ["unknown"]


@pytest.mark.parametrize("route", DATA_ROUTES)
async def test_before_the_first_cycle_the_state_is_unknown(
    api: httpx.AsyncClient, route: str
) -> None:
    body = await get_status(api, route)
    assert body["cluster"] == "monitored"
    if route != "/timeline":
        assert body["health_state"] == "unknown"
        assert body["reason"]
        assert body["timestamp"] is None


async def test_each_cluster_has_its_own_verdict(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    await repository.save(records_of([snapshot(now)]))
    await repository.save(records_of([snapshot(now, down=["frontend"], cluster="other")]))
    assert (await get_status(api))["health_state"] == "happy"
    assert (await get_status(api, cluster="other"))["health_state"] == "stressed"
    assert (await get_status(api, cluster="no-such-cluster"))["health_state"] == "unknown"
    rejected = await api.get("/status", params={"cluster": 'x"} or up{'})
    assert rejected.status_code == 422
    assert rejected.json()["reason"].startswith("cluster: ")
