"""The job that registers namespaces, against a fake of the frontend's HTTP API.

What a real frontend makes of it is in tests/lab/test_namespaces.py.
"""

import json

import pytest

from stacks.jobs import register_namespaces
from tests.stacks.jobs.answers import answering

DAY_SECONDS = 86_400


class Frontend:
    """Knows namespaces with their retention; a new one is usable from the second look on."""

    def __init__(self, **days: float) -> None:
        self.retention = {name: f"{value * DAY_SECONDS:g}s" for name, value in days.items()}
        self.looks = dict.fromkeys(days, 2)
        self.updates: list[object] = []

    def answer(self, method: str, path: str, body: str) -> int | tuple[int, object]:
        name, _, what = path.removeprefix("/api/v1/namespaces").strip("/").partition("/")
        if method == "POST" and what == "update":
            self.updates.append(json.loads(body))
            self.retention[name] = json.loads(body)["config"]["workflowExecutionRetentionTtl"]
            return 200
        if method == "POST":
            wanted = json.loads(body)
            if wanted["namespace"] in self.retention:
                return 409
            self.retention[wanted["namespace"]] = wanted["workflowExecutionRetentionPeriod"]
            self.looks[wanted["namespace"]] = 0
            return 200
        if not what:
            return 200, {"config": {"workflowExecutionRetentionTtl": self.retention[name]}}
        if what == "workflows/none":
            return 404
        self.looks[name] += 1
        return 200 if self.looks[name] > 1 else 404


def test_each_namespace_is_registered_and_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    frontend = Frontend()
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders", "payments"]) == 0
    assert frontend.looks == {"orders": 2, "payments": 2}
    assert frontend.retention == {"orders": "259200s", "payments": "259200s"}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["orders", "payments"]


def test_a_second_run_finds_everything_there() -> None:
    frontend = Frontend(orders=3)
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders"]) == 0
    assert not frontend.updates


@pytest.mark.parametrize(
    ("before", "warns"),
    [(1, False), (1.5, False), (30, True)],
)
def test_another_retention_is_set_with_a_warning_where_it_is_shorter(
    before: float, warns: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    frontend = Frontend(orders=before)
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders"]) == 0
    assert frontend.updates == [{"config": {"workflowExecutionRetentionTtl": "259200s"}}]
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("warning: ") == warns
    assert f"{before:g} d" in first
    assert "3 d" in first


def test_a_default_retention_is_only_for_new_namespaces(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frontend = Frontend(orders=7)
    with answering(frontend.answer) as url:
        arguments = ["--keep-retention", url, "3", "orders", "payments"]
        assert register_namespaces.main(arguments) == 0
    assert not frontend.updates
    assert frontend.retention == {"orders": "604800s", "payments": "259200s"}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["orders", "payments"]


def test_a_retention_that_cannot_be_set_fails_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    frontend = Frontend(orders=7)

    def refusing(method: str, path: str, body: str) -> int | tuple[int, object]:
        return 403 if path.endswith("/update") else frontend.answer(method, path, body)

    with answering(refusing) as url:
        assert register_namespaces.main([url, "3", "orders"], time_limit_seconds=0) == 1
    assert f"orders on {url}: " in capsys.readouterr().out


def test_a_namespace_that_is_not_usable_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda *_: 500) as url:
        assert register_namespaces.main([url, "3", "orders"], time_limit_seconds=0) == 1
    out = capsys.readouterr().out
    assert f"orders on {url}" in out
    assert "said" in out


def test_a_frontend_that_refuses_connections_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["http://127.0.0.1:9", "3", "orders"]
    assert register_namespaces.main(arguments, time_limit_seconds=0) == 1
    assert "refused" in capsys.readouterr().out
