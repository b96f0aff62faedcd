"""With `--json` every answer is JSON, errors too."""

import json

import pytest

from tests.tdeploy.command import Completed, run_here
from tests.tdeploy.conftest import Clone

NO_DOCKER = "unix:///nowhere/docker.sock"


def require_json_error(ended: Completed, exit_code: int) -> None:
    assert ended.exit_code == exit_code
    answer = json.loads(ended.stdout)
    assert list(answer) == ["error"]
    assert ended.stderr.lower().endswith(f"error: {answer['error']}\n".lower())


@pytest.mark.parametrize("words", ["env --write", "env -p production", "env --wrong"])
def test_a_usage_error_is_json(words: str) -> None:
    require_json_error(run_here(*words.split(), "--json", environment={}), 2)


@pytest.mark.parametrize(
    ("words", "exit_code"), [("env", 1), ("kb status", 2), ("kb jobs", 2), ("services logs", 1)]
)
def test_an_error_is_json(fresh: Clone, words: str, exit_code: int) -> None:
    require_json_error(fresh.tdeploy(*words.split(), "--json"), exit_code)


def test_an_error_is_one_line_because_logs_are_json_lines(local: Clone) -> None:
    for command in (("services", "ps"), ("services", "logs")):
        refused = local.tdeploy(*command, "-p", "local", "--json", DOCKER_HOST=NO_DOCKER)
        assert refused.exit_code == 2
        assert refused.stdout == json.dumps({"error": refused.error}) + "\n"


def test_a_negative_answer_has_no_error_beside_it(local: Clone) -> None:
    local.world.docker.containers.clear()
    nothing = local.tdeploy("services", "ps", "-p", "local", "--json")
    assert (nothing.exit_code, json.loads(nothing.stdout)) == (1, [])


def test_a_state_that_cannot_be_read(local: Clone) -> None:
    for state in (local.world.folder / ".state" / ".pulumi" / "stacks").rglob("local.json"):
        state.write_text("nonsense")
    refused = local.tdeploy("status", "-p", "local", "--json")
    assert refused.exit_code == 2
    assert "error" in json.loads(refused.stdout)
