"""Bad input: `up` names what is wrong and the setting to change, and creates nothing."""

import socket

from copilot.aws_errors import SIGN_IN
from tests.engine.worlds import World

STACK = "local"


def refused(world: World, stack: str = STACK, **environment: str) -> str:
    """The output of an `up` that fails, creates nothing and shows no traceback."""
    outcome = world.up(stack, fails=True, **environment)
    assert "Traceback" not in outcome.output
    assert not world.docker.containers
    assert not world.aws.resources
    return outcome.output


def test_every_wrong_setting_is_in_one_message(empty_local: World) -> None:
    empty_local.configure(STACK, histroy_shards=4, sql_max_conns="many", memory={"grafanna": 100})
    output = refused(empty_local)
    wrong_and_right = ("histroy_shards", "history_shards", "grafanna", "grafana")
    for name in (*wrong_and_right, "copilot:sql_max_conns"):
        assert name in output


def test_a_password_in_clear_text(empty_local: World) -> None:
    empty_local.pulumi("config", "set", "database_password", "open", "--stack", STACK)
    assert "pulumi config set -s local --secret database_password" in refused(empty_local)


def test_docker_not_running(empty_local: World) -> None:
    assert "DOCKER_HOST" in refused(empty_local, DOCKER_HOST="unix:///nowhere/docker.sock")


def test_a_port_that_is_taken_and_an_image_that_no_registry_has(empty_local: World) -> None:
    image = "grafana/loki:0.0.0"
    empty_local.docker.not_to_pull.add(image)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        empty_local.configure(STACK, ports={"grafana": port}, images={"loki": image})
        output = refused(empty_local)
    assert str(port) in output
    assert "pulumi config set -s local --path ports.grafana" in output
    assert image in output
    assert "pulumi config set -s local --path images.loki" in output


def test_credentials_that_expired(empty_aws: World) -> None:
    empty_aws.aws_calls.refusal = ("ExpiredToken", "The security token included is expired")
    output = refused(empty_aws, "dev")
    assert "ExpiredToken" in output
    assert SIGN_IN in output


def test_no_credentials(empty_aws: World) -> None:
    environment = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"}
    assert SIGN_IN in refused(empty_aws, "dev", **environment)


def test_a_region_without_the_embedding_model(empty_aws: World) -> None:
    empty_aws.aws_calls.model_error = "ResourceNotFoundException"
    assert "amazon.titan-embed-text-v2:0" in refused(empty_aws, "copilot")


def test_no_stack_dev(empty_aws: World) -> None:
    output = refused(empty_aws, "copilot")
    assert "pulumi up -s dev" in output
    assert "pulumi config set -s copilot shared_dsql_endpoint" in output
