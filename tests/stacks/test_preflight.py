"""What is found before anything is made."""

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest

from components import docker_engine
from components.docker_engine import DockerEngineError, Engine
from stacks import copilot, local, preflight, preflight_aws
from stacks.settings import CopilotSettings, LocalSettings
from tests.stacks.aws_stand_in import Aws

CATALOGUE = local.planned(LocalSettings())
REGION = "eu-west-1"
IS_FREE = preflight._is_free


def engine_problems() -> list[str]:
    return list(preflight.engine_problems("local", CATALOGUE, built={"copilot"}))


def use(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    monkeypatch.setattr(docker_engine, "inspect", lambda: engine)


def test_a_machine_on_which_all_is_well() -> None:
    assert engine_problems() == []


def test_docker_that_does_not_run_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Engine:
        raise DockerEngineError("Docker does not answer: start it")

    monkeypatch.setattr(docker_engine, "inspect", refuse)
    assert engine_problems() == ["Docker does not answer: start it"]


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    use(monkeypatch, replace(engine, memory_mb=2048))
    (problem,) = engine_problems()
    assert problem.startswith("Docker has 2048 MB of memory")


def test_a_port_that_another_container_has(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    use(monkeypatch, replace(engine, published={3000: ("other-grafana", "")}))
    (problem,) = engine_problems()
    assert problem == (
        "port 3000, which grafana needs, is taken by the container other-grafana: stop it, or"
        " choose another with `pulumi config set -s local --path ports.grafana PORT`"
    )


def test_the_stacks_own_containers_are_in_nobodys_way(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    use(monkeypatch, replace(engine, published={3000: ("local-grafana", "local")}))
    monkeypatch.setattr("stacks.preflight._is_free", lambda port: port != 3000)
    assert engine_problems() == []


def test_a_port_that_another_program_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.preflight._is_free", IS_FREE)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        catalogue = local.planned(LocalSettings(ports={"grafana": port}))
        found = list(preflight.port_problems("local", catalogue, Engine(8192, {})))
    assert any(
        f"port {port}, which grafana needs, is taken by another program" in one for one in found
    )


def test_two_services_that_want_one_port(engine: Engine) -> None:
    catalogue = local.planned(LocalSettings(ports={"grafana": 8080}))
    (problem,) = preflight.port_problems("local", catalogue, engine)
    assert problem.startswith("port 8080 is wanted by temporal-ui and grafana")


def test_a_missing_image_is_named_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        docker_engine,
        "missing_image",
        lambda name, **_: "not on this machine" if name.startswith("grafana/loki") else None,
    )
    (problem,) = engine_problems()
    assert problem == (
        "the image grafana/loki:3.6.7 is not on this machine: name another with"
        " `pulumi config set -s local --path images.loki NAME:TAG`"
    )


def test_the_image_on_dsql_needs_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        docker_engine,
        "missing_image",
        lambda _, *, from_registry: None if from_registry else "not on this machine",
    )
    catalogue = copilot.planned(CopilotSettings())
    (problem,) = preflight.engine_problems("copilot", catalogue, built={"copilot"})
    assert "temporal-dsql-runtime:test" in problem
    assert "`pulumi config set -s copilot temporal_source FOLDER`" in problem


@pytest.mark.parametrize("is_here", [False, True])
def test_what_an_image_is_built_from_has_to_be_there(
    monkeypatch: pytest.MonkeyPatch, *, is_here: bool
) -> None:
    missing = {"golang:0.1"} if is_here else {"golang:0.1", "temporal-dsql-runtime:test"}
    monkeypatch.setattr(
        docker_engine,
        "missing_image",
        lambda name, **_: "not on this machine" if name in missing else None,
    )
    catalogue = copilot.planned(CopilotSettings(images={"golang": "golang:0.1"}))
    built = {"copilot", "temporal_dsql"}
    problems = list(preflight.engine_problems("copilot", catalogue, built=built))
    assert problems == (
        []
        if is_here
        else [
            "the image golang:0.1 is not on this machine: name another with"
            " `pulumi config set -s copilot --path images.golang NAME:TAG`"
        ]
    )


def test_no_problem_lets_the_run_go_on() -> None:
    preflight.require([])


def test_several_problems_are_one_message() -> None:
    with pytest.raises(pulumi.RunError, match=r"this cannot run here:\n  a\n  b"):
        preflight.require(["a", "b"])


def test_aws_that_lets_everything_be_made(aws: Aws) -> None:
    assert list(preflight_aws.problems(REGION, embeddings=True)) == []
    assert list(preflight_aws.container_problems()) == []
    assert any(path.startswith("/foundation-models/") for path in aws.asked)


def test_a_stack_without_embeddings_does_not_look_for_the_model(aws: Aws) -> None:
    aws.model_error = "ResourceNotFoundException"
    assert list(preflight_aws.problems(REGION, embeddings=False)) == []


@pytest.mark.usefixtures("aws")
def test_no_credentials(home: Path) -> None:
    (home / ".aws" / "credentials").unlink()
    (problem,) = preflight_aws.problems(REGION, embeddings=True)
    assert problem.startswith("there are no AWS credentials: sign in with `aws sso login`")


def test_expired_credentials(aws: Aws) -> None:
    aws.refusal = ("ExpiredToken", "The security token included in the request is expired")
    (problem,) = preflight_aws.problems(REGION, embeddings=True)
    assert problem.startswith("AWS refuses the credentials, expired perhaps: sign in")


@pytest.mark.usefixtures("aws")
def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    (problem,) = preflight_aws.problems(REGION, embeddings=True)
    assert "(nobody)" in problem
    assert "aws configure" in problem


@pytest.mark.usefixtures("aws")
def test_a_region_without_dsql(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a name without an address looks like, at once and without a network.
    monkeypatch.setenv("AWS_ENDPOINT_URL_DSQL", "http://127.0.0.1:9")
    (problem,) = preflight_aws.problems("ap-south-2", embeddings=True)
    assert problem.startswith("the region ap-south-2 has no Aurora DSQL")


def test_a_region_without_the_embedding_model(aws: Aws) -> None:
    aws.model_error = "ResourceNotFoundException"
    (problem,) = preflight_aws.problems(REGION, embeddings=True)
    assert "has no amazon.titan-embed-text-v2:0 in Bedrock" in problem


def test_whoever_may_not_ask_is_not_stopped(aws: Aws) -> None:
    aws.model_error = "AccessDeniedException"
    assert list(preflight_aws.problems(REGION, embeddings=True)) == []


@pytest.mark.usefixtures("aws")
def test_credentials_that_containers_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    (problem,) = preflight_aws.container_problems()
    assert "come from the environment, where containers cannot read them" in problem


@pytest.mark.usefixtures("aws")
def test_credentials_that_a_command_gives(home: Path) -> None:
    (home / ".aws" / "credentials").unlink()
    given = {"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "example"}
    (home / "given").write_text(json.dumps(given))
    (home / ".aws" / "config").write_text(f"[default]\ncredential_process = cat {home}/given\n")
    (problem,) = preflight_aws.container_problems()
    assert "come from a credential_process, where containers cannot read them" in problem


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("variable", "name"),
    [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")],
)
def test_credentials_in_another_file(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    shutil.copy(home / ".aws" / "credentials", home / "mine")
    monkeypatch.setenv(variable, "~/mine")
    (problem,) = preflight_aws.container_problems()
    assert problem.startswith(
        f"{variable} names {home}/mine, and containers read {home}/.aws/{name}:"
    )


@pytest.mark.usefixtures("aws")
def test_containers_without_a_folder_to_read(home: Path) -> None:
    (home / ".aws" / "credentials").unlink()
    (home / ".aws").rmdir()
    (problem,) = preflight_aws.container_problems()
    assert "which is missing" in problem
