from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from copilot.health.decision import State
from copilot.signals.catalog import CATALOG
from copilot.signals.names import SignalName as S
from copilot.signals.snapshot import (
    Absence,
    LogCount,
    QueueKey,
    QueueKind,
    QueueSurvey,
    Reading,
)
from copilot.store.repository import Repository
from tests.copilot.factories import (
    blind_snapshot,
    every_cycle,
    facts,
    judged,
    logged,
    snapshot,
    starved,
)

STALE = Reading.missing(Absence.STALE, "the newest sample is 75 s old")
DATA_ROUTES = ("", "/summary", "/gates", "/services", "/queues", "/issues", "/timeline")


async def ask(api: httpx.AsyncClient, path: str = "", **parameters: str) -> dict[str, Any]:
    response = await api.get(f"/status{path}", params=parameters)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def by_name(entries: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in entries}


async def test_healthy_cluster_is_happy_with_every_signal(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(judged([snapshot(t) for t in every_cycle(datetime.now(UTC), 3)]))
    status = await ask(api)
    assert status["health_state"] == "happy"
    assert status["previous_state"] == "unknown"
    assert status["scale_band"] == "mid_scale"
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


async def test_what_nobody_exports_is_said_to_be_so_and_where_it_would_be(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(judged([snapshot(datetime.now(UTC))]))
    status = await ask(api)
    signals = by_name(status["amplifiers"])
    slots, pool = signals["workflow_slots_available"], signals["dsql_pool_in_use_ratio"]
    assert (slots["value"], slots["absence"], slots["condition"]) == (None, "not_exported", "sdk")
    assert "users' workers" in slots["detail"]
    assert (pool["absence"], pool["condition"]) == ("not_exported", "dsql")
    assert "Aurora DSQL" in pool["detail"]
    assert signals["goroutines"]["value"] == 1636
    assert status["signals"]["workflow_slots_available"] is None
    assert status["bottleneck"] == "none"
    assert status["bottleneck_reasons"] == []


async def test_stressed_cluster_names_gate_value_limit_and_cause(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = every_cycle(datetime.now(UTC), 4)
    slow = {S.PERSISTENCE_LATENCY_P95: 640.0}
    await repository.save(
        judged([snapshot(t) for t in times[:2]] + [snapshot(t, slow) for t in times[2:]])
    )
    status = await ask(api)
    assert status["health_state"] == "stressed"
    assert status["previous_state"] == "happy"
    assert datetime.fromisoformat(status["since"]) == times[2]
    assert status["causes"] == [{"kind": "persistence", "name": "persistence"}]
    assert status["bottleneck"] == "server"
    (why,) = status["bottleneck_reasons"]
    assert "persistence_latency_p95 is 640 ms, over its limit of 400 ms" in why
    assert status["issue_count"] == 1
    (gate,) = status["fired_gates"]
    assert (gate["name"], gate["observed"], gate["threshold"], gate["unit"]) == (
        "persistence_latency",
        640.0,
        400.0,
        "ms",
    )
    assert "persistence_latency" in status["reason"]
    gates = (await ask(api, "/gates"))["gates"]
    assert [g["name"] for g in gates if g["outcome"] == "fired"] == ["persistence_latency"]
    assert {g["outcome"] for g in gates} == {"fired", "passed"}
    summary = await ask(api, "/summary")
    assert "640 ms" in summary["summary"]
    assert summary["explained_by"] == "rules"


async def test_recovering_cluster_says_so(api: httpx.AsyncClient, repository: Repository) -> None:
    times = every_cycle(datetime.now(UTC), 3)
    slow = snapshot(times[1], {S.PERSISTENCE_LATENCY_P95: 640.0})
    await repository.save(judged([snapshot(times[0]), slow, snapshot(times[2])]))
    status = await ask(api)
    assert status["health_state"] == "stressed"
    assert status["fired_gates"] == []
    assert "recovering" in status["reason"]


async def test_missing_reading_is_null_with_its_reason(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(judged([snapshot(datetime.now(UTC), {S.PERSISTENCE_LATENCY_P95: STALE})]))
    status = await ask(api)
    assert status["health_state"] == "unknown"
    signal = by_name(status["primary_signals"])["persistence_latency_p95"]
    assert (signal["value"], signal["absence"]) == (None, "stale")
    gates = by_name((await ask(api, "/gates"))["gates"])
    assert gates["persistence_latency"]["outcome"] == "missing"
    services = by_name((await ask(api, "/services"))["services"])
    assert services["persistence"]["status"] == "unknown"
    assert services["frontend"]["status"] == "happy"


async def test_nothing_observed_passes(api: httpx.AsyncClient, repository: Repository) -> None:
    quiet = Reading.missing(Absence.NO_OBSERVATIONS)
    await repository.save(judged([snapshot(datetime.now(UTC), {S.UPDATE_LATENCY_P95: quiet})]))
    gates = by_name((await ask(api, "/gates"))["gates"])
    assert gates["update_latency"]["outcome"] == "passed"
    assert gates["update_latency"]["observed"] is None


async def test_service_that_is_down_is_stressed_then_critical(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    times = every_cycle(datetime.now(UTC), 4)
    records = judged(
        [snapshot(times[0]), *(snapshot(t, down=["history"]) for t in times[1:])],
    )
    await repository.save(records[:2])
    history = by_name((await ask(api, "/services"))["services"])["history"]
    assert (history["status"], history["up"]) == ("stressed", False)
    await repository.save(records[2:])
    assert records[-1].decision.state is State.CRITICAL
    services = by_name((await ask(api, "/services", cluster="monitored"))["services"])
    # The first answer is shared for a second: the newest cycle may come a moment later.
    while services["history"]["status"] != "critical":
        assert datetime.now(UTC) - times[-1] < timedelta(seconds=60)
        services = by_name((await ask(api, "/services"))["services"])
    assert services["matching"]["status"] == "happy"
    assert services["history"]["reason"] == "service_down"


async def test_services_follow_the_band(api: httpx.AsyncClient, repository: Repository) -> None:
    # 450 ms is too slow for a mid-scale cluster and fine for a small one.
    slow = {S.PERSISTENCE_LATENCY_P95: 450.0}
    small = slow | {S.STATE_TRANSITIONS_RATE: 9.0}
    now = datetime.now(UTC)
    await repository.save(judged([snapshot(now, slow)]))
    await repository.save(judged([snapshot(now, small, cluster="small")]))
    mid = by_name((await ask(api, "/services"))["services"])
    starter = by_name((await ask(api, "/services", cluster="small"))["services"])
    assert mid["persistence"]["status"] == "stressed"
    assert starter["persistence"]["status"] == "happy"


async def test_blind_cycle_makes_every_service_unknown(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    await repository.save(
        judged([snapshot(now - timedelta(seconds=30)), blind_snapshot(now)]),
    )
    status = await ask(api)
    assert status["health_state"] == "unknown"
    assert not status["stale"]
    assert "metrics store" in status["reason"]
    services = (await ask(api, "/services"))["services"]
    assert {service["status"] for service in services} == {"unknown"}
    assert {service["up"] for service in services} == {None}


async def test_queues_with_nobody_come_first(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    silent = QueueKey(namespace="default", name="silent", kind=QueueKind.ACTIVITY)
    survey = QueueSurvey(
        queues=(facts("busy", backlog=40), starved("left-alone"), facts("calm")),
        unanswered=(silent,),
        truncated=3,
    )
    await repository.save(judged([snapshot(datetime.now(UTC), survey=survey)]))
    answer = await ask(api, "/queues")
    listed = [(queue["name"], queue["status"]) for queue in answer["queues"]]
    assert listed == [
        ("left-alone", "stressed"),
        ("silent", "unknown"),
        ("busy", "happy"),
        ("calm", "happy"),
    ]
    assert answer["truncated"] == 3
    assert answer["queues"][0]["backlog"] == 1270
    assert answer["queues"][1]["backlog"] is None


async def test_queues_that_could_not_be_asked_say_why(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    survey = QueueSurvey(absence=Absence.REFUSED, detail="127.0.0.1:7233 refused")
    await repository.save(judged([snapshot(datetime.now(UTC), survey=survey)]))
    answer = await ask(api, "/queues")
    assert (answer["queues"], answer["absence"]) == ([], "refused")
    assert answer["detail"] == "127.0.0.1:7233 refused"


async def test_log_patterns_come_with_what_they_mean(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    at = datetime.now(UTC)
    found = LogCount(pattern="connection_refused", service="history", count=198)
    logs = logged(at, found, unanswered=("shard_acquired",), detail="Loki answered HTTP 500")
    await repository.save(judged([snapshot(at, logs=logs)]))
    status = await ask(api)
    assert status["log_patterns"] == [
        {
            "name": "connection_refused",
            "service": "history",
            "severity": "critical",
            "count": 198,
            "meaning": "Nothing listens where the service expects another service or its database.",
        }
    ]
    assert status["logs_missing"] == (
        "Not all log patterns were counted (shard_acquired): Loki answered HTTP 500."
    )


async def test_a_cluster_without_loki_says_that_logs_are_missing(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(judged([snapshot(datetime.now(UTC))]))
    status = await ask(api)
    assert (status["health_state"], status["log_patterns"]) == ("happy", [])
    assert "LOKI_URL is not set" in status["logs_missing"]


async def test_old_verdict_is_served_as_unknown(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    at = datetime.now(UTC) - timedelta(minutes=10)
    await repository.save(judged([snapshot(at, queues=[facts("orders")])]))
    for route in ("", "/summary", "/gates", "/services", "/queues", "/issues"):
        answer = await ask(api, route)
        assert (answer["health_state"], answer["stale"]) == ("unknown", True), route
        assert answer["data_age_seconds"] >= 600
        assert "is the worker running?" in answer["reason"]
    status = await ask(api)
    assert status["previous_state"] == "happy"
    assert datetime.fromisoformat(status["since"]) == at + timedelta(seconds=90)
    services = (await ask(api, "/services"))["services"]
    assert {service["status"] for service in services} == {"unknown"}
    queues = (await ask(api, "/queues"))["queues"]
    assert [queue["status"] for queue in queues] == ["unknown"]


@pytest.mark.parametrize("route", DATA_ROUTES)
async def test_before_the_first_cycle_nothing_is_known(api: httpx.AsyncClient, route: str) -> None:
    answer = await ask(api, route)
    assert answer["cluster"] == "monitored"
    if route != "/timeline":
        assert answer["health_state"] == "unknown"
        assert "no verdict yet" in answer["reason"]
        assert answer["timestamp"] is None


async def test_each_cluster_has_its_own_verdict(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    await repository.save(judged([snapshot(now)]))
    await repository.save(judged([snapshot(now, down=["frontend"], cluster="other")]))
    assert (await ask(api))["health_state"] == "happy"
    assert (await ask(api, cluster="other"))["health_state"] == "stressed"
    assert (await ask(api, cluster="never-seen"))["health_state"] == "unknown"
    refused = await api.get("/status", params={"cluster": 'x"} or up{'})
    assert refused.status_code == 422
    assert refused.json()["reason"].startswith("cluster: ")
