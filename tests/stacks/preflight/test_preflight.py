"""The checks before anything is created."""

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import docker_address, docker_engine
from components.docker_engine import DockerEngineError, EngineInfo
from stacks import preflight
from stacks.catalogue.by_stack import catalogue_for
from stacks.preflight import aws as aws_preflight
from stacks.preflight import docker as docker_preflight
from stacks.preflight.aws_in_containers import container_problems
from stacks.settings import CopilotSettings, LocalSettings
from tests.fakes.aws_preflight import FakeAws

CATALOGUE = catalogue_for(LocalSettings())
REGION = "eu-west-1"
IS_FREE = docker_preflight._is_free


def engine_problems() -> list[str]:
    return list(docker_preflight.engine_problems(CATALOGUE))


def use(monkeypatch: pytest.MonkeyPatch, engine: EngineInfo) -> None:
    monkeypatch.setattr(docker_engine, "engine_info", lambda: engine)


def test_a_machine_without_problems() -> None:
    assert engine_problems() == []


def test_an_engine_that_does_not_answer_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> EngineInfo:
        raise DockerEngineError("Docker does not answer: start it")

    monkeypatch.setattr(docker_engine, "engine_info", refuse)
    assert engine_problems() == ["Docker does not answer: start it"]


def test_an_engine_that_is_too_old(monkeypatch: pytest.MonkeyPatch, engine: EngineInfo) -> None:
    use(monkeypatch, replace(engine, version="19.03.15", api_version=(1, 40)))
    (problem,) = engine_problems()
    assert "19.03.15" in problem
    use(monkeypatch, replace(engine, version="28.2.2", api_version=(1, 50)))
    assert engine_problems() == []


def test_a_provider_with_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_address, "provider_problem", lambda: "another engine: set it")
    assert engine_problems() == ["another engine: set it"]
    assert list(docker_preflight.build_problems()) == ["another engine: set it"]


def test_an_engine_that_only_the_provider_is_configured_for() -> None:
    pulumi.runtime.set_all_config({"docker:host": "unix:///elsewhere.sock"})
    try:
        (problem,) = engine_problems()
    finally:
        pulumi.runtime.set_all_config({})
    assert f"`pulumi config rm -s {pulumi.get_stack()} docker:host`" in problem


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch, engine: EngineInfo) -> None:
    use(monkeypatch, replace(engine, memory_mb=2048))
    (problem,) = engine_problems()
    assert "2048 MB" in problem
    assert f"{CATALOGUE.memory_mb} MB" in problem


def test_a_port_in_use_by_another_container(
    monkeypatch: pytest.MonkeyPatch, engine: EngineInfo
) -> None:
    use(monkeypatch, replace(engine, published={3000: ("other-grafana", "")}))
    (problem,) = engine_problems()
    assert "port 3000" in problem
    assert "container other-grafana" in problem
    assert "`pulumi config set -s local --path ports.grafana PORT`" in problem


def test_ports_in_use_by_the_stacks_own_containers_are_no_problem(
    monkeypatch: pytest.MonkeyPatch, engine: EngineInfo
) -> None:
    use(monkeypatch, replace(engine, published={3000: ("local-grafana", "local")}))
    monkeypatch.setattr("stacks.preflight.docker._is_free", lambda port: port != 3000)
    assert engine_problems() == []


def test_a_port_in_use_by_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.preflight.docker._is_free", IS_FREE)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        catalogue = catalogue_for(LocalSettings(ports={"grafana": port}))
        found = list(docker_preflight.port_problems(catalogue, EngineInfo(8192, {})))
    assert any(f"port {port}" in one and "grafana" in one and "program" in one for one in found)


def test_one_port_set_for_two_services(engine: EngineInfo) -> None:
    catalogue = catalogue_for(LocalSettings(ports={"grafana": 8080}))
    (problem,) = docker_preflight.port_problems(catalogue, engine)
    assert "port 8080" in problem
    assert "temporal-ui and grafana" in problem


def test_a_missing_image_is_named_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        docker_engine,
        "image_problem",
        lambda name, **_: "not on this machine" if name.startswith("grafana/loki") else None,
    )
    (problem,) = engine_problems()
    assert "grafana/loki:3.6.7" in problem
    assert "`pulumi config set -s local --path images.loki NAME:TAG`" in problem


def test_the_image_on_dsql_needs_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        docker_engine,
        "image_problem",
        lambda _, *, from_registry: None if from_registry else "not on this machine",
    )
    catalogue = catalogue_for(CopilotSettings())
    (problem,) = docker_preflight.engine_problems(catalogue)
    assert "temporal-dsql-runtime:test" in problem
    assert "`pulumi config set -s copilot temporal_source FOLDER`" in problem


@pytest.mark.parametrize("is_here", [False, True])
def test_the_base_of_an_image_must_exist_only_where_the_image_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_here: bool
) -> None:
    (tmp_path / "cmd" / "tools" / "dsql").mkdir(parents=True)
    missing = {"golang:0.1"} if is_here else {"golang:0.1", "temporal-dsql-runtime:test"}
    monkeypatch.setattr(
        docker_engine,
        "image_problem",
        lambda name, **_: "not on this machine" if name in missing else None,
    )
    settings = CopilotSettings(images={"golang": "golang:0.1"}, temporal_source=tmp_path)
    problems = list(docker_preflight.engine_problems(catalogue_for(settings)))
    assert len(problems) == (0 if is_here else 1)
    fix = "`pulumi config set -s copilot --path images.golang NAME:TAG`"
    assert all("golang:0.1" in problem and fix in problem for problem in problems)


def test_a_run_without_problems_continues() -> None:
    preflight.require([])


def test_all_problems_are_in_one_message() -> None:
    with pytest.raises(pulumi.RunError, match=r"\n  a\n  b"):
        preflight.require(["a", "b"])


def test_an_account_without_problems(aws: FakeAws) -> None:
    assert list(aws_preflight.problems(REGION, embeddings=True)) == []
    assert list(container_problems()) == []
    assert any(path.startswith("/foundation-models/") for path in aws.asked)


def test_a_stack_without_embeddings_does_not_check_the_model(aws: FakeAws) -> None:
    aws.model_error = "ResourceNotFoundException"
    assert list(aws_preflight.problems(REGION, embeddings=False)) == []


@pytest.mark.usefixtures("aws")
def test_no_credentials(home: Path) -> None:
    (home / ".aws" / "credentials").unlink()
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert "aws sso login" in problem


def test_expired_credentials(aws: FakeAws) -> None:
    aws.refusal = ("ExpiredToken", "The security token included in the request is expired")
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert "ExpiredToken" in problem
    assert "aws sso login" in problem


@pytest.mark.usefixtures("aws")
def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert "(nobody)" in problem
    assert "aws configure" in problem


def resolver(monkeypatch: pytest.MonkeyPatch, code: int, service: str = "DSQL") -> None:
    """The service's name has no address, by this code of the resolver."""
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://service.invalid")
    resolve = socket.getaddrinfo

    def answer(host: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        if host == "service.invalid":
            raise socket.gaierror(code, "no address")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("service", ["DSQL", "S3VECTORS", "BEDROCK"])
def test_the_network_says_nothing_about_the_region(
    monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:9")
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert problem.startswith("cannot tell")
    assert "network" in problem


@pytest.mark.usefixtures("aws")
def test_a_resolver_that_fails_says_nothing_about_the_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver(monkeypatch, socket.EAI_AGAIN)
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert problem.startswith("cannot tell")


@pytest.mark.usefixtures("aws")
def test_a_region_without_dsql(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch, socket.EAI_NONAME)
    (problem,) = aws_preflight.problems("ap-south-2", embeddings=True)
    assert "ap-south-2" in problem
    assert "Aurora DSQL" in problem


@pytest.mark.usefixtures("aws")
def test_a_region_without_a_store_for_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch, socket.EAI_NONAME, "S3VECTORS")
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert "S3 Vectors" in problem
    assert list(aws_preflight.problems(REGION, embeddings=False)) == []


def test_a_region_without_the_embedding_model(aws: FakeAws) -> None:
    aws.model_error = "ResourceNotFoundException"
    (problem,) = aws_preflight.problems(REGION, embeddings=True)
    assert "amazon.titan-embed-text-v2:0" in problem


def test_a_denied_check_is_not_a_problem(aws: FakeAws) -> None:
    aws.model_error = "AccessDeniedException"
    assert list(aws_preflight.problems(REGION, embeddings=True)) == []


@pytest.mark.usefixtures("aws")
def test_credentials_that_containers_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    (problem,) = container_problems()
    assert "the environment" in problem
    assert str(Path.home() / ".aws") in problem


@pytest.mark.usefixtures("aws")
def test_credentials_from_a_command(home: Path) -> None:
    (home / ".aws" / "credentials").unlink()
    given = {"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "example"}
    (home / "given").write_text(json.dumps(given))
    (home / ".aws" / "config").write_text(f"[default]\ncredential_process = cat {home}/given\n")
    (problem,) = container_problems()
    assert "credential_process" in problem


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
    (problem,) = container_problems()
    for part in (variable, f"{home}/mine", f"{home}/.aws/{name}"):
        assert part in problem


@pytest.mark.usefixtures("aws")
def test_containers_without_a_folder_to_read(home: Path) -> None:
    (home / ".aws" / "credentials").unlink()
    (home / ".aws").rmdir()
    (problem,) = container_problems()
    assert "aws configure" in problem
