"""`tdeploy status`: services, the verdict and their troubles."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tdeploy.verdicts import fetch_verdicts
from tests.tdeploy.conftest import Clone

_VERDICT: Mapping[str, object] = {
    "cluster": "monitored",
    "health_state": "happy",
    "reason": "every signal is normal",
    "timestamp": "2026-01-01T00:00:00Z",
    "data_age_seconds": 4.0,
    "cycle": 7,
    "stale": False,
    "of_a_newer_copilot": 1,
}


@contextmanager
def api_answering(clone: Clone, respond: Callable[[str], tuple[int, object]]) -> Iterator[str]:
    """A server at the URL that the stack `local` publishes: status and answer by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, answer = respond(self.path)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    text = (clone.world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8")
    port = yaml.safe_load(text)["config"]["copilot:ports"]["copilot-api"]
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.shutdown()
            thread.join()


def copilot_with(
    clone: Clone, *verdicts: Mapping[str, object], problems: tuple[str, ...] = ()
) -> AbstractContextManager[str]:
    """A fake of the Copilot's API with the verdict of each cluster, the worst first."""
    none: dict[str, object] = {"since": None, "causes": []}
    # Of a valid verdict the list has no reason.
    clusters = [
        {**none, **one, "reason": one["reason"] if one["stale"] else ""} for one in verdicts
    ]

    def respond(path: str) -> tuple[int, object]:
        parts = urlsplit(path)
        if parts.path == "/clusters":
            return 200, {"clusters": clusters, "problems": problems}
        (name,) = parse_qs(parts.query)["cluster"]
        (verdict,) = (one for one in verdicts if one["cluster"] == name)
        return 200, verdict

    return api_answering(clone, respond)


def test_status_is_healthy_only_if_everything_is(local: Clone) -> None:
    with copilot_with(local, _VERDICT):
        status = local.tdeploy("status", "-p", "local")
        assert status.exit_code == 0, status
        assert "happy" in status.stdout
        assert str(_VERDICT["reason"]) in status.stdout
        assert "14 of 14" in status.stdout
        assert "trouble" not in status.stdout

        local.world.docker.remove_container("local-mimir", force=True)
        local.world.docker.stop("local-loki")
        status = local.tdeploy("status", "-p", "local", "--json")
        assert status.exit_code == 1
        answer = json.loads(status.stdout)
        assert not answer["healthy"]
        missing, unhealthy = answer["troubles"]
        assert "mimir" in missing
        assert "loki is exited" in unhealthy


def test_a_notice_is_shown_and_is_no_trouble(local: Clone) -> None:
    notice = {"title": "An instance is down", "description": "1 of 3", "gate": "instances_down"}
    with copilot_with(local, {**_VERDICT, "notices": [notice]}):
        status = local.tdeploy("status", "-p", "local")
        as_json = local.tdeploy("status", "-p", "local", "--json")
    assert status.exit_code == 0, status
    assert "An instance is down" in status.stdout
    (reported,) = json.loads(as_json.stdout)["verdict"]["notices"]
    assert reported["description"] == "1 of 3"


def test_a_verdict_other_than_happy_is_trouble(local: Clone) -> None:
    verdict = {**_VERDICT, "health_state": "stressed", "reason": "no pollers"}
    with copilot_with(local, verdict):
        ended = local.tdeploy("status", "-p", "local", "--json")
    assert ended.exit_code == 1
    answer = json.loads(ended.stdout)
    assert answer["verdict"]["health_state"] == "stressed"
    (trouble,) = answer["troubles"]
    assert "stressed" in trouble
    assert "no pollers" in trouble


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (503, {"error": "x", "reason": "the store does not answer"}, "the store does not answer"),
        (500, "nonsense", "500"),
        (200, {"hello": "world"}, "http://127.0.0.1:"),
    ],
)
def test_an_answer_without_a_verdict_has_a_reason(
    local: Clone, status: int, answer: object, reason: str
) -> None:
    with api_answering(local, lambda _: (status, answer)) as url:
        verdicts = fetch_verdicts(url)
    assert not verdicts.clusters
    assert reason in verdicts.missing


def test_several_clusters_are_as_healthy_as_the_worst(local: Clone) -> None:
    orders = {
        **_VERDICT,
        "cluster": "orders",
        "health_state": "critical",
        "causes": [{"kind": "service", "name": "history"}],
    }
    away = {**_VERDICT, "cluster": "away", "health_state": "unknown", "stale": True}
    away["reason"] = "is the worker running?"
    well = {**_VERDICT, "cluster": "prod"}
    problem = "/etc/copilot/clusters/new.yaml: is empty"
    with copilot_with(local, orders, away, well, problems=(problem,)):
        shown = local.tdeploy("status", "-p", "local")
        as_json = local.tdeploy("status", "-p", "local", "--json")
        of_one = {
            name: local.tdeploy("status", "-p", "local", "--cluster", name)
            for name in ("orders", "prod", "staging")
        }
    assert (shown.exit_code, as_json.exit_code) == (1, 1)
    lines = [line.split()[1:3] for line in shown.stdout.splitlines() if line.startswith("cluster")]
    assert lines == [["orders", "critical,"], ["away", "unknown,"], ["prod", "happy,"]]
    answer = as_json.json
    assert [one["cluster"] for one in answer["clusters"]] == ["orders", "away", "prod"]
    critical, unknown, file = answer["troubles"]
    assert "service history" in critical
    assert "is the worker running?" in unknown
    assert file == problem
    assert {name: ended.exit_code for name, ended in of_one.items()} == {
        "orders": 1,
        "prod": 0,
        "staging": 2,
    }
    assert "orders, prod" in of_one["staging"].error


def test_a_wrong_cluster_file_is_trouble_where_no_other_is_there(local: Clone) -> None:
    problem = "/etc/copilot/clusters: has no file *.yaml"
    with copilot_with(local, problems=(problem,)):
        ended = local.tdeploy("status", "-p", "local", "--json")
    assert ended.exit_code == 1
    assert problem in ended.json["troubles"]


def test_status_without_docker_copilot_or_stack(local: Clone) -> None:
    ended = local.tdeploy("status", "-p", "local", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ended.exit_code == 1
    docker, copilot = (line for line in ended.stdout.splitlines() if line.startswith("trouble"))
    assert "DOCKER_HOST" in docker
    assert "http://127.0.0.1:" in copilot
    empty = local.tdeploy("status")
    assert empty.exit_code == 1
    assert "`tdeploy up -p copilot`" in empty.stdout
