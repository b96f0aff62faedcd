"""Whole stacks, run through `__main__.py` on mocks."""

import json
import re
import runpy
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
import yaml

from components import docker_engine
from components.docker_engine import DockerEngineError, Engine
from stacks import env_file
from tests.components.pulumi_run import CONTAINER, Answers, Run, run
from tests.stacks import conftest
from tests.stacks.aws_stand_in import ACCOUNT, Aws

MAIN = Path(__file__).parent.parent.parent / "__main__.py"
DEV = "pulumi:pulumi:readStackOutputs"
REFERENCE = "organization/copilot/dev"
SHARED = {"dsql_endpoint": "shared.dsql.eu-west-1.on.aws", "region": "eu-west-1"}


class RefusedError(grpc.RpcError):
    """An engine's refusal, as it comes over the wire."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Account(Answers):
    """AWS with a stack `dev` whose outputs are `dev`; None: there is no such stack."""

    def __init__(self, dev: Mapping[str, str] | None = SHARED) -> None:
        super().__init__()
        self._dev = dev

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": dict(self._dev or {})}
        return super().new_resource(args)

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == DEV and self._dev is None:
            raise RefusedError(f'unknown stack "{args.args["name"]}"')
        if args.token == DEV:
            return {"outputs": dict(self._dev or {})}, []
        return {"accountId": ACCOUNT}, []


def run_main(stack: str, folder: Path, **options: Any) -> Run:  # noqa: ANN401
    return run(
        lambda: runpy.run_path(str(MAIN), run_name="__main__"),
        stack=stack,
        folder=folder,
        **options,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder of the runs that several tests look at."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def local(folder: Path) -> Run:
    with conftest.fine_engine():
        return run_main("local", folder)


@pytest.fixture(scope="module")
def copilot(folder: Path) -> Run:
    with conftest.fine_engine(), conftest.signed_in(folder):
        return run_main("copilot", folder, answers=Account())


def environment(run: Run, container: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in run.containers[container].inputs["envs"])


def upload(run: Run, container: str, file: str) -> str:
    uploads = run.containers[container].inputs["uploads"]
    (content,) = [one["content"] for one in uploads if one["file"] == file]
    return str(content)


def test_the_program_is_short() -> None:
    assert len(MAIN.read_text().splitlines()) < 40


def test_an_unknown_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"no stack staging .*: use dev, copilot, local"):
        run_main("staging", tmp_path)


def test_local_needs_no_aws(local: Run) -> None:
    assert not [made for made in local.resources if made.type.startswith("aws:")]
    assert "postgresql" in local.containers
    assert "elasticsearch" not in local.containers


def test_dependents_come_after_what_they_need(local: Run) -> None:
    assert {"postgresql"} <= local.containers["temporal-schema"].depends_on
    assert {"temporal-schema"} <= local.containers["temporal-history"].depends_on
    assert {"temporal-history"} <= local.containers["temporal-frontend"].depends_on
    assert {"temporal-frontend"} <= local.containers["temporal-namespaces"].depends_on
    assert {"copilot-schema", "mimir-ready"} <= local.containers["copilot-worker"].depends_on


def test_secrets_are_files_and_never_in_clear_text(local: Run, folder: Path) -> None:
    password = (folder / ".state" / "database-password").read_text().strip()
    assert len(password) >= 32
    for container in local.containers.values():
        shown = {name: value for name, value in container.inputs.items() if name != "uploads"}
        assert password not in str(shown)
        if password in str(container.inputs.get("uploads")):
            assert "uploads" in container.secret_inputs
    for name in ("postgresql", "temporal-schema", "temporal-frontend", "copilot-worker"):
        assert password in str(local.containers[name].inputs["uploads"])
    assert "uploads" in local.containers["grafana"].secret_inputs
    assert password not in str(local.outputs)


def test_configured_passwords_are_used(tmp_path: Path) -> None:
    secrets = {"database_password": "p@ss/word", "grafana_password": "grafana-secret"}
    made = run_main("local", tmp_path, secrets=secrets)
    assert not (tmp_path / ".state" / "database-password").exists()
    assert upload(made, "postgresql", "/run/secrets/database-password") == "p@ss/word"
    assert upload(made, "grafana", "/run/secrets/grafana-password") == "grafana-secret"
    url = upload(made, "copilot-worker", "/run/secrets/copilot-database-url")
    assert url == "postgresql://postgres:p%40ss%2Fword@postgresql:5432/copilot"


def test_a_successful_up_writes_the_environment_file(tmp_path: Path) -> None:
    local = run_main("local", tmp_path)
    written = (tmp_path / env_file.NAME).read_text()
    assert "TEMPORAL_SQL_HOST='postgresql'" in written
    assert local.outputs["copilot_api_url"] == "http://127.0.0.1:8081"
    assert {variable.output for variable in env_file.VARIABLES} <= set(local.outputs)
    assert all(name == name.lower() for name in local.outputs)


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    run_main("local", tmp_path, preview=True, answers=Answers(jobs_end=False))
    assert not (tmp_path / env_file.NAME).exists()


def test_a_failed_job_leaves_the_environment_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / env_file.NAME).write_text("old")
    monkeypatch.setattr(docker_engine, "remove_container", lambda _: None)
    answers = Answers({"copilot-schema": {"exitCode": 2, "containerLogs": "error: store down\n"}})
    with pytest.raises(pulumi.RunError, match="the job copilot-schema failed"):
        run_main("local", tmp_path, answers=answers)
    assert (tmp_path / env_file.NAME).read_text() == "old"


def test_the_alloy_configuration_names_the_stack(local: Run) -> None:
    text = upload(local, "alloy", "/etc/alloy/config.alloy")
    assert 'values = ["io.copilot.stack=local"]' in text
    assert "${" not in text


def test_the_server_configuration_is_filled(local: Run) -> None:
    text = upload(local, "copilot-temporal", "/etc/temporal/server.yaml")
    assert 'rpcAddress: "copilot-temporal:7233"' in text
    assert '"databaseName": "copilot_temporal_visibility"' in text
    assert "${" not in text


@pytest.mark.parametrize(("mode", "networks"), [("stopped", 1), ("none", 0)])
def test_without_running_services_there_is_no_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str, networks: int
) -> None:
    monkeypatch.setenv("TDEPLOY_SERVICES", mode)
    made = run_main("local", tmp_path)
    assert not made.containers
    assert len(made.of("docker:index/network:Network")) == networks
    assert len(made.of("docker:index/volume:Volume")) == 5 * networks


def test_docker_that_does_not_run_ends_the_run_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> Engine:
        raise DockerEngineError("Docker does not answer: start it")

    monkeypatch.setattr(docker_engine, "inspect", refuse)
    with pytest.raises(pulumi.RunError, match="Docker does not answer: start it"):
        run_main("local", tmp_path)


def test_copilot_reads_the_shared_cluster_of_dev(copilot: Run) -> None:
    assert copilot.read == [REFERENCE]
    config = upload(copilot, "temporal-frontend", "/etc/temporal/server.yaml")
    assert '"connectAddr": "shared.dsql.eu-west-1.on.aws:5432"' in config
    assert '"visibility": "temporal_visibility_v1_dev"' in config
    assert copilot.outputs["temporal_sql_host"] == "shared.dsql.eu-west-1.on.aws"


def test_the_copilots_own_cluster_is_another(copilot: Run) -> None:
    own = "temporal-dev-copilot-dsqlid.dsql.eu-west-1.on.aws"
    config = upload(copilot, "copilot-temporal", "/etc/temporal/server.yaml")
    assert f'"connectAddr": "{own}:5432"' in config
    assert '"maxConns": 10' in config
    assert environment(copilot, "copilot-worker")["COPILOT_DSQL_HOST"] == own
    assert copilot.outputs["copilot_dsql_endpoint"] == own
    cluster = copilot.one("aws:dsql/cluster:Cluster")
    assert cluster.inputs["deletionProtectionEnabled"] is False


def test_only_the_monitored_cluster_keeps_connections_in_reserve(copilot: Run) -> None:
    monitored = environment(copilot, "temporal-history")
    assert monitored["DSQL_RESERVOIR_ENABLED"] == "true"
    assert monitored["DSQL_RESERVOIR_TARGET_READY"] == "50"
    assert monitored["REGION"] == monitored["AWS_REGION"] == "eu-west-1"
    assert environment(copilot, "copilot-temporal")["DSQL_RESERVOIR_ENABLED"] == "false"


def test_everything_in_aws_is_tagged_as_ephemeral(copilot: Run) -> None:
    provider = copilot.one("pulumi:providers:aws").inputs
    assert provider["region"] == "eu-west-1"
    assert '"Lifecycle": "ephemeral"' in provider["defaultTags"]


def test_the_copilot_knows_its_knowledge_base(copilot: Run) -> None:
    worker = environment(copilot, "copilot-worker")
    assert worker["COPILOT_KNOWLEDGE_BASE_ID"] == "temporal-dev-copilot-kb-id"
    assert worker["COPILOT_MODEL"].startswith("bedrock:eu.anthropic.claude")
    assert worker["COPILOT_DEEP_MODEL"].startswith("bedrock:eu.anthropic.claude")
    assert copilot.outputs["knowledge_base_id"] == "temporal-dev-copilot-kb-id"


def test_grafana_reads_cloudwatch_only_where_there_is_aws(local: Run, copilot: Run) -> None:
    file = "/etc/grafana/provisioning/datasources/cloudwatch.yaml"
    assert "defaultRegion: eu-west-1" in upload(copilot, "grafana", file)
    assert file not in str(local.containers["grafana"].inputs["uploads"])


def dashboards(run: Run) -> dict[str, dict[str, Any]]:
    """Grafana's dashboards by their path below its folder of all."""
    folder = "/etc/grafana/dashboards/"
    return {
        one["file"].removeprefix(folder): json.loads(one["content"])
        for one in run.containers["grafana"].inputs["uploads"]
        if one["file"].startswith(folder)
    }


def test_grafana_shows_the_store_that_the_stack_has(local: Run, copilot: Run) -> None:
    every = {"temporal/temporal-server-health.json", "copilot/temporal-sre-copilot.json"}
    assert set(dashboards(local)) == {*every, "dsql/postgresql-persistence.json"}
    assert set(dashboards(copilot)) == {*every, "dsql/dsql-persistence.json"}


def test_grafana_finds_every_dashboard_in_a_folder_that_is_provided(local: Run) -> None:
    file = "/etc/grafana/provisioning/dashboards/folders.yaml"
    provided = yaml.safe_load(upload(local, "grafana", file))["providers"]
    folders = {one["options"]["path"] for one in provided}
    assert {
        f"/etc/grafana/dashboards/{path.split('/')[0]}" for path in dashboards(local)
    } == folders


def test_grafana_knows_the_clusters_of_aurora_dsql(copilot: Run) -> None:
    made = dashboards(copilot)["dsql/dsql-persistence.json"]
    (variable,) = [v for v in made["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["query"] == "monitored : shared,copilot : temporal-dev-copilot-dsqlid"


def test_grafana_fetches_one_plugin_in_one_version(local: Run) -> None:
    plugin = environment(local, "grafana")["GF_PLUGINS_PREINSTALL"]
    name, version = plugin.split("@")
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version)
    sources = upload(local, "grafana", "/etc/grafana/provisioning/datasources/datasources.yaml")
    assert name in [source["type"] for source in yaml.safe_load(sources)["datasources"]]


@pytest.mark.usefixtures("aws")
def test_an_endpoint_that_is_set_needs_no_stack_dev(tmp_path: Path) -> None:
    made = run_main(
        "copilot",
        tmp_path,
        answers=Account(dev=None),
        configuration={"shared_dsql_endpoint": "mine.dsql.eu-west-1.on.aws"},
    )
    assert made.outputs["temporal_sql_host"] == "mine.dsql.eu-west-1.on.aws"
    assert not made.read


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("dev", "said"),
    [
        (None, "there is no stack organization/copilot/dev yet: run `pulumi up -s dev` first"),
        ({}, "the stack dev has no Aurora DSQL cluster yet: run `pulumi up -s dev` first"),
        ({**SHARED, "region": "us-east-1"}, "the stack dev is in us-east-1"),
    ],
)
def test_a_stack_dev_that_is_of_no_use_is_said(
    tmp_path: Path, dev: dict[str, str] | None, said: str
) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        run_main("copilot", tmp_path, answers=Account(dev))


@pytest.mark.usefixtures("aws")
def test_folders_that_containers_write_to_belong_to_this_user(home: Path) -> None:
    run_main("copilot", home, answers=Account())
    for cache in ("cli/cache", "login/cache", "sso/cache"):
        assert stat.S_IMODE((home / ".aws" / cache).stat().st_mode) == 0o700


@pytest.mark.usefixtures("aws")
def test_aws_can_be_made_without_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TDEPLOY_SERVICES", "none")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    made = run_main("copilot", tmp_path, answers=Account())
    assert not [one for one in made.resources if one.type.startswith("docker:")]
    assert made.outputs["knowledge_base_id"]


@pytest.mark.usefixtures("aws")
def test_the_server_is_built_where_its_source_is_given(tmp_path: Path) -> None:
    source = tmp_path / "fork"
    (source / "cmd" / "tools" / "dsql").mkdir(parents=True)
    made = run_main(
        "copilot",
        tmp_path,
        answers=Account(),
        configuration={"temporal_source": str(source)},
    )
    image = made.of("docker:index/image:Image")["temporal_dsql-image"].inputs
    assert image["imageName"] == "temporal-dsql-runtime:test"
    assert image["build"]["context"] == str(source)
    assert image["build"]["args"] == {
        "ALPINE_IMAGE": "alpine:3.22",
        "GOLANG_IMAGE": "golang:1.25-alpine",
    }
    assert made.containers["temporal-frontend"].inputs["image"] == "sha256:temporal_dsql-image"


@pytest.mark.usefixtures("aws")
def test_dev_makes_the_shared_cluster_and_protects_it(tmp_path: Path) -> None:
    made = run_main("dev", tmp_path)
    cluster = made.one("aws:dsql/cluster:Cluster")
    assert cluster.request.protect is True
    assert made.outputs["dsql_endpoint"] == "temporal-dev-dsqlid.dsql.eu-west-1.on.aws"
    assert made.outputs["project_name"] == "temporal-dev"
    assert not made.of("aws:dynamodb/table:Table")
    assert not [one for one in made.resources if one.type.startswith("docker:")]


@pytest.mark.usefixtures("aws")
def test_dev_makes_tables_when_they_are_wanted(tmp_path: Path) -> None:
    made = run_main("dev", tmp_path, configuration={"dynamodb_tables": "true"})
    assert made.outputs["rate_limiter_table"] == "temporal-dev-dsql-rate-limiter"
    assert made.outputs["conn_lease_table"] == "temporal-dev-dsql-conn-lease"


@pytest.mark.parametrize("stack", ["dev", "copilot"])
def test_credentials_that_are_refused_end_the_run_at_once(
    aws: Aws, tmp_path: Path, stack: str
) -> None:
    aws.refusal = ("ExpiredToken", "expired")
    with pytest.raises(pulumi.RunError, match="AWS refuses the credentials"):
        run_main(stack, tmp_path, answers=Account())


def test_containers_of_both_stacks_are_told_apart(local: Run, copilot: Run) -> None:
    names = {made.inputs["name"] for made in (*local.of(CONTAINER).values(),)}
    assert not names & {made.inputs["name"] for made in copilot.of(CONTAINER).values()}
