"""`python -m copilot check`: one finding a source, from a real frontend and chosen answers."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copilot.check import check, check_all
from copilot.finding import Finding
from copilot.settings import Settings
from tests.certificates import Certificates
from tests.fakes.http_source import (
    Reply,
    closed_port,
    fake_metrics_store,
    loki_answering,
    vector,
)
from tests.secure_temporal import NAMESPACE, SecureTemporal

COMMAND_SECONDS = 300
OK = 200
TARGETS = vector("7", cluster="prod")
NAMES = ("persistence_requests_total", "persistence_latency_milliseconds_bucket")


def series_named(*names: str) -> str:
    series = [{"metric": {"__name__": name}, "value": [1790000000, "1"]} for name in names]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": series}})


@asynccontextmanager
async def metrics(
    answer: str, status: int = OK, names: tuple[str, ...] = NAMES
) -> AsyncIterator[dict[str, object]]:
    """Settings with a metrics store that has these targets and names, and no frontend."""

    def reply(query: str) -> Reply:
        if query == 'count(up{cluster="prod"})' and status == OK and '"prod"' not in answer:
            return Reply(vector())
        return Reply(series_named(*names) if "__name__" in query else answer, status)

    async with fake_metrics_store(reply) as store:
        yield {
            "COPILOT_CLUSTER": "prod",
            "PROMETHEUS_ENDPOINT": store.url,
            "MONITORED_TEMPORAL_ADDRESS": f"127.0.0.1:{closed_port()}",
        }


def frontend_settings(
    frontend: SecureTemporal, certificates: Certificates, **changes: object
) -> dict[str, object]:
    access = {
        "CA_FILE": str(certificates.ca_file),
        "CERTIFICATE_FILE": str(certificates.client_file),
        "KEY_FILE": str(certificates.client_key),
        "SERVER_NAME": "localhost",
        "API_KEY": frontend.issuer.token(f"{NAMESPACE}:read"),
    }
    return {
        "MONITORED_TEMPORAL_ADDRESS": frontend.address,
        "MONITORED_NAMESPACES": NAMESPACE,
        "COPILOT_MONITORED": access | changes,
    }


async def findings(settings: dict[str, object]) -> dict[str, Finding]:
    every = [one async for one in check(Settings.model_validate(settings))]
    return {one.name: one for one in every}


async def test_sources_that_fit_are_ok(
    frontend: SecureTemporal, certificates: Certificates
) -> None:
    async with metrics(TARGETS) as settings, loki_answering(lambda _: Reply(vector("3"))) as loki:
        found = await findings(
            settings | frontend_settings(frontend, certificates) | {"LOKI_URL": loki.url}
        )
    assert {found[name].state for name in ("metrics store", "frontend", "logs")} == {"ok"}
    # The store says the same to every query.
    assert found["roles"].state == "wrong"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"API_KEY": ""}, "PERMISSION_DENIED"),
        ({"SERVER_NAME": "other.example.com"}, "SERVER_NAME"),
        ({"CA_FILE": "/nowhere/ca.pem"}, "/nowhere/ca.pem"),
    ],
)
async def test_a_frontend_that_denies_access_says_why(
    frontend: SecureTemporal,
    certificates: Certificates,
    changes: dict[str, object],
    reason: str,
) -> None:
    async with metrics(TARGETS) as settings:
        found = await findings(settings | frontend_settings(frontend, certificates, **changes))
    assert found["frontend"].state == "wrong"
    assert reason in found["frontend"].finding


async def test_a_missing_namespace_and_no_frontend_are_wrong(
    frontend: SecureTemporal, certificates: Certificates
) -> None:
    token = frontend.issuer.token(f"{NAMESPACE}:admin")
    async with metrics(TARGETS) as settings:
        there = frontend_settings(frontend, certificates, API_KEY=token)
        missing = await findings(settings | there | {"MONITORED_NAMESPACES": "no-such"})
        nothing = await findings(settings)
    assert missing["frontend"].state == nothing["frontend"].state == "wrong"
    assert "NOT_FOUND" in missing["frontend"].finding


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (vector("7", cluster="staging"), "staging"),
        (vector("7"), "label cluster"),
        (vector(), "`up`"),
    ],
)
async def test_a_store_without_the_cluster_says_what_it_has(answer: str, reason: str) -> None:
    async with metrics(answer) as settings:
        found = (await findings(settings))["metrics store"]
    assert found.state == "wrong"
    assert reason in found.finding


@pytest.mark.parametrize("names", [(), ("persistence_requests_total",)])
async def test_targets_without_usable_metrics_of_temporal_are_wrong(names: tuple[str, ...]) -> None:
    async with metrics(TARGETS, names=names) as settings:
        found = (await findings(settings))["metrics store"]
    assert found.state == "wrong"
    assert "persistence_requests" in found.finding


async def test_a_store_that_denies_access_is_wrong() -> None:
    async with metrics("no such user", 401) as settings:
        found = (await findings(settings))["metrics store"]
    assert found.state == "wrong"
    assert "401" in found.finding


async def test_logs_that_do_not_arrive_are_a_warning() -> None:
    async with metrics(TARGETS) as settings, loki_answering(lambda _: Reply(vector())) as loki:
        found = await findings(settings | {"LOKI_URL": loki.url})
    assert found["logs"].state == "warning"


def test_the_command_prints_every_finding_and_ends_with_no() -> None:
    nothing = f"127.0.0.1:{closed_port()}"
    ended = subprocess.run(
        [sys.executable, "-m", "copilot", "check", "--json"],
        env={
            **os.environ,
            "COPILOT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/copilot",
            "MONITORED_TEMPORAL_ADDRESS": nothing,
            "PROMETHEUS_ENDPOINT": f"http://{nothing}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    assert ended.returncode == 1, ended.stderr
    assert [one["state"] for one in json.loads(ended.stdout)] == ["wrong", "wrong"]
    assert len(ended.stderr.splitlines()) == 1


async def test_every_cluster_of_a_folder_is_checked_and_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", "postgresql://copilot@127.0.0.1/copilot")
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(
            f"cluster: {name}\n"
            f"monitored_address: 127.0.0.1:{closed_port()}\n"
            f"prometheus_endpoint: http://127.0.0.1:{closed_port()}\n"
        )
    (tmp_path / "wrong.yaml").write_text("cluster: [")
    settings = Settings(COPILOT_CLUSTERS_FOLDER=str(tmp_path))  # type: ignore[call-arg]
    findings = [finding async for finding in check_all(settings)]
    assert [one.name for one in findings] == [
        "cluster file",
        "one, metrics store",
        "one, frontend",
        "two, metrics store",
        "two, frontend",
    ]
    assert {one.state for one in findings} == {"wrong"}
