"""The job that registers namespaces, against a stand-in of the frontend's HTTP API.

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
        self.looks[name] += 1
        return 200 if self.looks[name] > 1 else 404


def test_each_namespace_is_registered_and_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    frontend = Frontend()
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders", "payments"]) == 0
    assert frontend.looks == {"orders": 2, "payments": 2}
    assert frontend.retention == {"orders": "259200s", "payments": "259200s"}
    assert capsys.readouterr().out == (
        "orders is registered and usable\npayments is registered and usable\n"
    )


def test_a_second_run_finds_everything_there() -> None:
    frontend = Frontend(orders=3)
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders"]) == 0
    assert not frontend.updates


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (1, "orders kept closed workflows for 1 d"),
        (1.5, "orders kept closed workflows for 1.5 d"),
        (30, "warning: orders kept closed workflows for 30 d"),
    ],
)
def test_another_retention_is_set_and_said_and_a_shorter_one_is_warned_of(
    before: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    frontend = Frontend(orders=before)
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders"]) == 0
    assert frontend.updates == [{"config": {"workflowExecutionRetentionTtl": "259200s"}}]
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"{said}, and keeps them for 3 d from now on"


def test_a_retention_that_nobody_chose_is_only_for_a_namespace_that_is_new(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frontend = Frontend(orders=7)
    with answering(frontend.answer) as url:
        arguments = ["--keep-retention", url, "3", "orders", "payments"]
        assert register_namespaces.main(arguments) == 0
    assert not frontend.updates
    assert frontend.retention == {"orders": "604800s", "payments": "259200s"}
    assert capsys.readouterr().out == (
        "orders is registered and usable\npayments is registered and usable\n"
    )


def test_a_retention_that_cannot_be_set_fails_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    frontend = Frontend(orders=7)

    def refusing(method: str, path: str, body: str) -> int | tuple[int, object]:
        return 403 if path.endswith("/update") else frontend.answer(method, path, body)

    with answering(refusing) as url:
        assert register_namespaces.main([url, "3", "orders"], time_limit_seconds=0) == 1
    assert f"orders on {url}: " in capsys.readouterr().out


def test_it_says_which_namespace_is_not_usable(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda *_: 500) as url:
        assert register_namespaces.main([url, "3", "orders"], time_limit_seconds=0) == 1
    out = capsys.readouterr().out
    assert f"orders on {url}" in out
    assert "said" in out


def test_a_frontend_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["http://127.0.0.1:9", "3", "orders"]
    assert register_namespaces.main(arguments, time_limit_seconds=0) == 1
    assert "refused" in capsys.readouterr().out
