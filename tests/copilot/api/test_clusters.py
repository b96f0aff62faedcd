"""Several clusters: the list, and the routes that need to know which one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from copilot.api.app import create_app
from copilot.settings import Settings
from copilot.store.repository import Repository
from tests.builders import records_of, snapshot

NAMES = ("happy", "stressed", "stale", "new")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text(
            f"cluster: {name}\nmonitored_address: {name}:7233\nprometheus_endpoint: http://{name}\n"
        )
    (tmp_path / "wrong.yaml").write_text("cluster: wrong\n")
    return tmp_path


@pytest.fixture
async def several(
    repository: Repository, settings: Settings, folder: Path
) -> AsyncIterator[httpx.AsyncClient]:
    now = datetime.now(UTC)
    for name, at, down in (
        ("happy", now, []),
        ("stressed", now, ["history"]),
        ("stale", now - timedelta(minutes=5), []),
        ("removed", now - timedelta(minutes=5), []),
    ):
        observed = snapshot(at, down=down).model_copy(update={"cluster": name})
        await repository.save(records_of([observed]))
    with_folder = settings.model_copy(update={"clusters_folder": str(folder)})
    transport = httpx.ASGITransport(app=create_app(with_folder, repository))
    async with httpx.AsyncClient(transport=transport, base_url="http://copilot.test") as client:
        yield client


async def test_the_worst_cluster_is_first_and_one_without_a_verdict_is_unknown(
    several: httpx.AsyncClient, folder: Path
) -> None:
    body = (await several.get("/clusters")).json()
    listed = {one["cluster"]: one for one in body["clusters"]}
    assert list(listed) == ["new", "stale", "wrong", "stressed", "happy"]
    assert [one["health_state"] for one in listed.values()] == ["unknown"] * 3 + [
        "stressed",
        "happy",
    ]
    assert listed["stressed"]["causes"][0]["name"] == "history"
    assert listed["stressed"]["since"]
    assert listed["stale"]["stale"]
    assert "worker" in listed["stale"]["reason"]
    assert str(folder / "wrong.yaml") in listed["wrong"]["reason"]
    assert [str(folder / "wrong.yaml") in line for line in body["problems"]] == [True]


async def test_a_route_without_a_cluster_names_them(several: httpx.AsyncClient) -> None:
    for path in ("/status", "/status/gates", "/status/timeline", "/status/assessments"):
        response = await several.get(path)
        assert response.status_code == 422
        assert all(name in response.json()["reason"] for name in NAMES)
        assert (await several.get(path, params={"cluster": "happy"})).status_code == 200


async def test_a_removed_cluster_keeps_its_history(several: httpx.AsyncClient) -> None:
    status = (await several.get("/status", params={"cluster": "removed"})).json()
    assert status["health_state"] == "unknown"
    assert status["cycle"] == 1
    assert "not monitored" in status["reason"]


async def test_one_cluster_without_a_verdict_leaves_the_api_ready(
    several: httpx.AsyncClient,
) -> None:
    response = await several.get("/readyz")
    assert response.status_code == 200
    assert set(response.json()["clusters"]) == {"new", "stale", "wrong"}


async def test_each_cluster_has_its_metrics(several: httpx.AsyncClient) -> None:
    text = (await several.get("/metrics")).text
    assert 'copilot_api_health_state{cluster="stressed",state="stressed"} 1.0' in text
    assert 'copilot_api_health_state{cluster="stale",state="unknown"} 1.0' in text
    assert 'cluster="removed"' not in text


async def test_the_only_cluster_needs_no_name(api: httpx.AsyncClient) -> None:
    (one,) = (await api.get("/clusters")).json()["clusters"]
    assert (await api.get("/status")).json()["cluster"] == one["cluster"] == "monitored"
