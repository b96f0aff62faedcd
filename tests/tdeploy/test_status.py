"""`tdeploy status`: services, the verdict and their troubles."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tdeploy.status import fetch_verdict
from tests.tdeploy.conftest import Clone

_VERDICT = {
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
def copilot_answering(clone: Clone, status: int, answer: object) -> Iterator[str]:
    """A fake of the Copilot's API, at the URL that the stack `local` publishes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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


def test_status_is_healthy_only_if_everything_is(local: Clone) -> None:
    with copilot_answering(local, 200, _VERDICT):
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
    with copilot_answering(local, 200, {**_VERDICT, "notices": [notice]}):
        status = local.tdeploy("status", "-p", "local")
        as_json = local.tdeploy("status", "-p", "local", "--json")
    assert status.exit_code == 0, status
    assert "An instance is down" in status.stdout
    (reported,) = json.loads(as_json.stdout)["verdict"]["notices"]
    assert reported["description"] == "1 of 3"


def test_a_verdict_other_than_happy_is_trouble(local: Clone) -> None:
    verdict = {**_VERDICT, "health_state": "stressed", "reason": "no pollers"}
    with copilot_answering(local, 200, verdict):
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
    with copilot_answering(local, status, answer) as url:
        verdict, no_verdict = fetch_verdict(url)
    assert verdict is None
    assert reason in no_verdict


def test_status_without_docker_copilot_or_stack(local: Clone) -> None:
    ended = local.tdeploy("status", "-p", "local", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ended.exit_code == 1
    docker, copilot = (line for line in ended.stdout.splitlines() if line.startswith("trouble"))
    assert "DOCKER_HOST" in docker
    assert "http://127.0.0.1:" in copilot
    empty = local.tdeploy("status")
    assert empty.exit_code == 1
    assert "`tdeploy up -p copilot`" in empty.stdout
