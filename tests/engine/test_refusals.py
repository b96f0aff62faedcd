"""Bad input: one clear message each, before anything is made."""

import socket

import pytest

from tests.engine.worlds import World

STACK = "local"


def refused(world: World, stack: str = STACK, **environment: str) -> str:
    """The message that an `up` ends with; nothing was made and no traceback is shown."""
    outcome = world.up(stack, fails=True, **environment)
    assert "Traceback" not in outcome.output
    assert not world.docker.containers
    assert not world.aws.resources
    return outcome.output


def test_every_wrong_setting_in_one_message(empty_local: World) -> None:
    empty_local.configure(STACK, histroy_shards=4, sql_max_conns="many", memory={"grafanna": 100})
    said = refused(empty_local)
    assert "copilot:histroy_shards: no such name, did you mean history_shards?" in said
    assert "copilot:sql_max_conns: " in said
    assert "grafanna: no such name, did you mean grafana?" in said


def test_a_password_in_clear_text(empty_local: World) -> None:
    empty_local.pulumi("config", "set", "database_password", "open", "--stack", STACK)
    said = refused(empty_local)
    assert "pulumi config set -s local --secret database_password" in said


def test_docker_not_running(empty_local: World) -> None:
    said = refused(empty_local, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "Docker does not answer: start it" in said


def test_a_port_that_is_taken(empty_local: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        empty_local.configure(STACK, ports={"grafana": port})
        said = refused(empty_local)
    assert f"port {port}, which grafana needs, is taken by another program" in said
    assert "pulumi config set -s local --path ports.grafana PORT" in said


def test_an_image_that_no_registry_has(empty_local: World) -> None:
    empty_local.configure(STACK, images={"loki": "grafana/loki:0.0.0"})
    empty_local.docker.not_to_pull.add("grafana/loki:0.0.0")
    said = refused(empty_local)
    assert "grafana/loki:0.0.0" in said
    assert "pulumi config set -s local --path images.loki" in said


@pytest.mark.parametrize(
    ("code", "said"),
    [("ExpiredToken", "AWS refuses the credentials, expired perhaps"), ("", "no AWS credentials")],
)
def test_credentials_that_are_missing_or_expired(empty_aws: World, code: str, said: str) -> None:
    if code:
        empty_aws.aws_calls.refusal = (code, "The security token included is expired")
    missing = "/nowhere" if not code else ""
    environment = {"AWS_SHARED_CREDENTIALS_FILE": missing} if missing else {}
    assert said in refused(empty_aws, "dev", AWS_EC2_METADATA_DISABLED="true", **environment)


def test_a_region_without_the_embedding_model(empty_aws: World) -> None:
    empty_aws.aws_calls.model_error = "ResourceNotFoundException"
    assert "has no amazon.titan-embed-text-v2:0 in Bedrock" in refused(empty_aws, "copilot")


def test_no_stack_dev(empty_aws: World) -> None:
    said = refused(empty_aws, "copilot")
    assert "pulumi up -s dev" in said
    assert "pulumi config set -s copilot shared_dsql_endpoint HOST" in said
