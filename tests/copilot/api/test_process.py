"""`/healthz`, `/readyz`, `/metrics`, error responses, and the page's files."""

from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client.parser import text_string_to_metric_families

from copilot.store.repository import Repository
from tests.builders import blind_snapshot, records_of, snapshot


async def readiness(api: httpx.AsyncClient) -> tuple[int, bool, str]:
    response = await api.get("/readyz")
    body = response.json()
    return response.status_code, body["ready"], body["reason"]


async def test_alive_without_a_verdict(api: httpx.AsyncClient) -> None:
    response = await api.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_after_the_first_verdict(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([snapshot(datetime.now(UTC))]))
    assert await readiness(api) == (200, True, "")


async def test_not_ready_before_the_first_cycle(api: httpx.AsyncClient) -> None:
    status, ready, reason = await readiness(api)
    assert (status, ready) == (503, False)
    assert reason


async def test_not_ready_while_every_cycle_is_unknown(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([blind_snapshot(datetime.now(UTC))]))
    status, _, reason = await readiness(api)
    assert status == 503
    assert "first verdict" in reason


async def test_ready_when_only_the_last_cycle_is_unknown(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    await repository.save(records_of([snapshot(now - timedelta(seconds=30)), blind_snapshot(now)]))
    assert (await readiness(api))[0] == 200


async def test_not_ready_when_the_worker_stopped(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([snapshot(datetime.now(UTC) - timedelta(minutes=5))]))
    status, _, reason = await readiness(api)
    assert status == 503
    assert "worker" in reason


async def test_metrics_count_requests_by_template_and_report_the_state(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    await repository.save(records_of([snapshot(datetime.now(UTC), down=["history"])]))
    await api.get("/status", params={"cluster": "any"})
    await api.get("/nowhere/1")
    await api.get("/nowhere/2")
    await api.get("/page/style.css")
    await api.request("BREW", "/status")
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families((await api.get("/metrics")).text)
        for sample in family.samples
    }
    requests = "copilot_api_requests_total"
    assert samples[requests, "GET", "/status", "200"] == 1
    assert samples[requests, "GET", "unmatched", "404"] == 2
    assert samples[requests, "GET", "/page", "200"] == 1
    assert samples[requests, "other", "/status", "405"] == 1
    assert samples["copilot_api_request_duration_seconds_count", "/status"] == 2
    assert samples["copilot_api_health_state", "monitored", "stressed"] == 1
    assert samples["copilot_api_health_state", "monitored", "happy"] == 0
    assert 0 <= samples["copilot_api_data_age_seconds", "monitored"] < 60
    assert samples["copilot_api_store_up",] == 1


async def test_unknown_path_and_method_get_json(api: httpx.AsyncClient) -> None:
    missing = await api.get("/nope")
    assert missing.status_code == 404
    assert missing.json()["error"] == "not_found"
    assert "/nope" in missing.json()["reason"]
    rejected = await api.post("/status")
    assert (rejected.status_code, rejected.json()["error"]) == (405, "method_not_allowed")
    assert rejected.headers["allow"] == "GET"


async def test_every_response_has_security_headers(api: httpx.AsyncClient) -> None:
    for path in ("/", "/status", "/page/page.js", "/nope", "/metrics"):
        headers = (await api.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


async def test_page_and_its_files_are_served(api: httpx.AsyncClient) -> None:
    page = await api.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Temporal SRE Copilot" in page.text
    assert (await api.head("/")).status_code == 200
    assert (await api.get("/page/nothing.js")).status_code == 404
    assert (await api.get("/page/../app.py")).status_code == 404
    assert (await api.get("/page/%2e%2e/app.py")).status_code == 404
