"""`--json`: what a program reads is JSON, also where the answer is no or there is none."""

import json

import pytest

from tests.tdeploy.conftest import Clone

NO_DOCKER = "unix:///nowhere/docker.sock"


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("env", 1),
        ("env --write", 2),
        ("env -p production", 2),
        ("env --wrong", 2),
        ("kb status", 2),
        ("kb jobs", 2),
        ("services logs", 1),
    ],
)
def test_what_cannot_be_answered_is_an_error_in_json(
    fresh: Clone, command: str, exit_code: int
) -> None:
    refused = fresh.tdeploy(*command.split(), "--json")
    assert refused.exit_code == exit_code
    said = json.loads(refused.answer)
    assert list(said) == ["error"]
    assert refused.remarks.lower().endswith(f"error: {said['error']}\n".lower())


def test_an_error_is_one_line_because_logs_are_a_value_a_line(local: Clone) -> None:
    for command in (("services", "ps"), ("services", "logs")):
        refused = local.tdeploy(*command, "-p", "local", "--json", DOCKER_HOST=NO_DOCKER)
        assert refused.exit_code == 2
        assert refused.answer == json.dumps({"error": refused.error}) + "\n"


def test_an_answer_that_is_no_stands_alone(local: Clone) -> None:
    local.world.docker.containers.clear()
    nothing = local.tdeploy("services", "ps", "-p", "local", "--json")
    assert (nothing.exit_code, json.loads(nothing.answer)) == (1, [])


def test_a_state_that_cannot_be_read(local: Clone) -> None:
    for state in (local.world.folder / ".state" / ".pulumi" / "stacks").rglob("local.json"):
        state.write_text("nonsense")
    refused = local.tdeploy("status", "-p", "local", "--json")
    assert refused.exit_code == 2
    assert "error" in json.loads(refused.answer)
