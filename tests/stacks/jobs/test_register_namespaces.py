"""The job that registers namespaces, against a stand-in of the frontend's HTTP API."""

import json

import pytest

from stacks.jobs import register_namespaces
from tests.stacks.jobs.answers import answering


class Frontend:
    """Knows namespaces; a new one is usable from the second look on."""

    def __init__(self, *known: str) -> None:
        self.known = dict.fromkeys(known, 2)
        self.retention = ""

    def answer(self, method: str, path: str, body: str) -> int:
        if method == "POST":
            wanted = json.loads(body)
            self.retention = wanted["workflowExecutionRetentionPeriod"]
            name = wanted["namespace"]
            if name in self.known:
                return 409
            self.known[name] = 0
            return 200
        name = path.split("/")[4]
        self.known[name] += 1
        return 200 if self.known[name] > 1 else 404


def test_each_namespace_is_registered_and_awaited() -> None:
    frontend = Frontend()
    with answering(frontend.answer) as url:
        assert register_namespaces.main([url, "3", "orders", "payments"]) == 0
    assert frontend.known == {"orders": 2, "payments": 2}
    assert frontend.retention == "259200s"


def test_a_second_run_finds_everything_there() -> None:
    with answering(Frontend("orders").answer) as url:
        assert register_namespaces.main([url, "3", "orders"]) == 0


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
