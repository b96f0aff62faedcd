"""Whole stacks: `__main__.py` on mocks."""

import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
import yaml

from components import docker_engine
from components.docker_engine import DockerEngineError, EngineInfo
from stacks import env_file
from stacks.outputs import AwsOutputs, ServerOutputs, StoreOutputs, declared_outputs
from tests.components.pulumi_run import CONTAINER, FakeProviders, Run
from tests.fakes.aws_preflight import ACCOUNT, FakeAws
from tests.stacks import conftest
from tests.stacks.conftest import MAIN, run_main

DEV = "pulumi:pulumi:readStackOutputs"
REFERENCE = "organization/copilot/dev"
SHARED = {"dsql_endpoint": "shared.dsql.eu-west-1.on.aws", "region": "eu-west-1"}


class RefusedError(grpc.RpcError):
    """A refusal of Pulumi's engine."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Account(FakeProviders):
    """AWS with a stack `dev` that has these outputs; None: no such stack."""

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder of the runs that tests share."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def local(folder: Path) -> Run:
    with conftest.ready_engine():
        return run_main("local", folder)


@pytest.fixture(scope="module")
def copilot(folder: Path) -> Run:
    with conftest.ready_engine(), conftest.signed_in(folder):
        return run_main("copilot", folder, providers=Account())


def environment(run: Run, container: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in run.containers[container].inputs["envs"])


def upload(run: Run, container: str, file: str) -> str:
    uploads = run.containers[container].inputs["uploads"]
    (content,) = [one["content"] for one in uploads if one["file"] == file]
    return str(content)


def test_the_program_is_short() -> None:
    assert len(MAIN.read_text().splitlines()) < 40


def test_an_unknown_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"staging.*dev, copilot, local, watch"):
        run_main("staging", tmp_path)


def test_local_needs_no_aws(local: Run) -> None:
    assert not [result for result in local.resources if result.type.startswith("aws:")]
    assert "postgresql" in local.containers
    assert "elasticsearch" not in local.containers


def test_dependents_start_after_what_they_need(local: Run) -> None:
    assert {"postgresql"} <= local.containers["temporal-schema"].depends_on
    assert {"temporal-schema"} <= local.containers["temporal-history"].depends_on
    assert {"temporal-history"} <= local.containers["temporal-frontend"].depends_on
    assert {"temporal-frontend"} <= local.containers["temporal-namespaces"].depends_on
    assert {"copilot-schema", "mimir-ready"} <= local.containers["copilot-worker"].depends_on


def test_secrets_are_in_files_only(local: Run, folder: Path) -> None:
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
    result = run_main("local", tmp_path, secrets=secrets)
    assert not (tmp_path / ".state" / "database-password").exists()
    assert upload(result, "postgresql", "/run/secrets/database-password") == "p@ss/word"
    assert upload(result, "grafana", "/run/secrets/grafana-password") == "grafana-secret"
    url = upload(result, "copilot-worker", "/run/secrets/copilot-database-url")
    assert url == "postgresql://postgres:p%40ss%2Fword@postgresql:5432/copilot"


def test_a_successful_up_writes_the_environment_file(tmp_path: Path) -> None:
    local = run_main("local", tmp_path)
    written = (tmp_path / env_file.NAME).read_text()
    assert "TEMPORAL_SQL_HOST='postgresql'" in written
    assert local.outputs["copilot_api_url"] == "http://127.0.0.1:8081"
    for group in (StoreOutputs, ServerOutputs, AwsOutputs):
        assert {one.name for one in declared_outputs(group)} <= set(local.outputs)
    assert all(name == name.lower() for name in local.outputs)


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    run_main("local", tmp_path, preview=True, providers=FakeProviders(jobs_end=False))
    assert not (tmp_path / env_file.NAME).exists()


def test_a_failed_job_leaves_the_environment_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / env_file.NAME).write_text("old")
    monkeypatch.setattr(docker_engine, "remove_container", lambda _: None)
    answers = FakeProviders(
        {"copilot-schema": {"exitCode": 2, "containerLogs": "error: store down\n"}}
    )
    with pytest.raises(pulumi.RunError, match="copilot-schema"):
        run_main("local", tmp_path, providers=answers)
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


def test_watch_is_the_copilot_beside_the_cluster_that_its_settings_name(tmp_path: Path) -> None:
    watch = run_main(
        "watch",
        tmp_path,
        configuration={"prometheus_endpoint": "https://metrics.example.com"},
        secrets={"metrics_token": "t0ken-secret"},
    )
    assert set(watch.containers) == {
        "copilot-api",
        "copilot-schema",
        "copilot-temporal",
        "copilot-temporal-namespace",
        "copilot-temporal-schema",
        "copilot-worker",
        "monitored-sources",
        "postgresql",
    }
    assert {"monitored-sources"} <= watch.containers["copilot-worker"].depends_on
    assert upload(watch, "copilot-worker", "/run/secrets/metrics-token") == "t0ken-secret"
    assert "uploads" in watch.containers["copilot-worker"].secret_inputs
    for container in watch.containers.values():
        shown = {name: value for name, value in container.inputs.items() if name != "uploads"}
        assert "t0ken-secret" not in str(shown)
    written = (tmp_path / env_file.NAME).read_text()
    assert "PROMETHEUS_ENDPOINT='https://metrics.example.com'" in written
    assert "TEMPORAL_SQL_HOST" not in written
    volumes = watch.of("docker:index/volume:Volume").values()
    assert {one.request.retainOnDelete for one in volumes} == {True}


def test_watch_takes_a_folder_of_cluster_files_instead_of_one_cluster(tmp_path: Path) -> None:
    folder = tmp_path / "clusters"
    folder.mkdir()
    setting = {"clusters_folder": str(folder)}
    watch = run_main("watch", tmp_path, configuration=setting)
    for name in ("copilot-worker", "copilot-api", "monitored-sources"):
        (volume,) = watch.containers[name].inputs["volumes"]
        assert (volume["hostPath"], volume["readOnly"]) == (str(folder), True)
    assert f"COPILOT_CLUSTERS_FOLDER='{folder}'" in (tmp_path / env_file.NAME).read_text()
    with pytest.raises(pulumi.RunError, match=r"clusters_folder: .* cluster is set too"):
        run_main("watch", tmp_path, configuration={**setting, "cluster": "prod"})


def test_watch_refuses_a_secret_without_the_setting_that_it_needs(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"metrics\.password_file"):
        run_main("watch", tmp_path, secrets={"metrics_password": "x"})


@pytest.mark.parametrize(("mode", "networks"), [("stopped", 1), ("none", 0)])
def test_modes_without_containers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str, networks: int
) -> None:
    monkeypatch.setenv("TDEPLOY_SERVICES", mode)
    result = run_main("local", tmp_path)
    assert not result.containers
    assert len(result.of("docker:index/network:Network")) == networks
    assert len(result.of("docker:index/volume:Volume")) == 5 * networks


def test_without_docker_the_run_ends_before_it_registers_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> EngineInfo:
        raise DockerEngineError("Docker does not answer: start it")

    monkeypatch.setattr(docker_engine, "engine_info", refuse)
    with pytest.raises(pulumi.RunError, match="Docker does not answer"):
        run_main("local", tmp_path)


def test_copilot_reads_the_shared_cluster_of_dev(copilot: Run) -> None:
    assert copilot.read == [REFERENCE]
    config = upload(copilot, "temporal-frontend", "/etc/temporal/server.yaml")
    assert '"connectAddr": "shared.dsql.eu-west-1.on.aws:5432"' in config
    assert '"visibility": "temporal_visibility_v1_dev"' in config
    assert copilot.outputs["temporal_sql_host"] == "shared.dsql.eu-west-1.on.aws"


def test_the_copilot_has_its_own_cluster(copilot: Run) -> None:
    own = "temporal-dev-copilot-dsqlid.dsql.eu-west-1.on.aws"
    config = upload(copilot, "copilot-temporal", "/etc/temporal/server.yaml")
    assert f'"connectAddr": "{own}:5432"' in config
    assert '"maxConns": 10' in config
    assert environment(copilot, "copilot-worker")["COPILOT_DSQL_HOST"] == own
    assert copilot.outputs["copilot_dsql_endpoint"] == own
    cluster = copilot.one("aws:dsql/cluster:Cluster")
    assert cluster.inputs["deletionProtectionEnabled"] is False


def test_only_the_monitored_cluster_keeps_connections_ready(copilot: Run) -> None:
    monitored = environment(copilot, "temporal-history")
    assert monitored["DSQL_RESERVOIR_ENABLED"] == "true"
    assert monitored["DSQL_RESERVOIR_TARGET_READY"] == "50"
    assert monitored["REGION"] == monitored["AWS_REGION"] == "eu-west-1"
    assert environment(copilot, "copilot-temporal")["DSQL_RESERVOIR_ENABLED"] == "false"


def test_everything_in_aws_is_tagged_as_ephemeral(copilot: Run) -> None:
    provider = copilot.one("pulumi:providers:aws").inputs
    assert provider["region"] == "eu-west-1"
    assert '"Lifecycle": "ephemeral"' in provider["defaultTags"]


def test_the_worker_gets_knowledge_base_and_models(copilot: Run) -> None:
    worker = environment(copilot, "copilot-worker")
    assert worker["COPILOT_KNOWLEDGE_BASE_ID"] == "temporal-dev-copilot-kb-id"
    assert worker["COPILOT_MODEL"].startswith("bedrock:eu.anthropic.claude")
    assert worker["COPILOT_DEEP_MODEL"].startswith("bedrock:eu.anthropic.claude")
    assert copilot.outputs["knowledge_base_id"] == "temporal-dev-copilot-kb-id"


def test_grafana_has_cloudwatch_only_with_aws(local: Run, copilot: Run) -> None:
    file = "/etc/grafana/provisioning/datasources/cloudwatch.yaml"
    assert "defaultRegion: eu-west-1" in upload(copilot, "grafana", file)
    assert file not in str(local.containers["grafana"].inputs["uploads"])


def dashboards(run: Run) -> dict[str, dict[str, Any]]:
    """Grafana's dashboards, by their path in the folder of dashboards."""
    folder = "/etc/grafana/dashboards/"
    return {
        one["file"].removeprefix(folder): json.loads(one["content"])
        for one in run.containers["grafana"].inputs["uploads"]
        if one["file"].startswith(folder)
    }


def test_grafana_has_the_dashboard_of_the_stacks_store(local: Run, copilot: Run) -> None:
    every = {"temporal/temporal-server-health.json", "copilot/temporal-sre-copilot.json"}
    assert set(dashboards(local)) == {*every, "dsql/postgresql-persistence.json"}
    assert set(dashboards(copilot)) == {*every, "dsql/dsql-persistence.json"}


def test_every_dashboard_is_in_a_provisioned_folder(local: Run) -> None:
    file = "/etc/grafana/provisioning/dashboards/folders.yaml"
    provided = yaml.safe_load(upload(local, "grafana", file))["providers"]
    folders = {one["options"]["path"] for one in provided}
    assert {
        f"/etc/grafana/dashboards/{path.split('/')[0]}" for path in dashboards(local)
    } == folders


def test_the_dsql_dashboard_has_both_clusters(copilot: Run) -> None:
    result = dashboards(copilot)["dsql/dsql-persistence.json"]
    (variable,) = [v for v in result["templating"]["list"] if v["name"] == "dsql_cluster"]
    assert variable["query"] == "monitored : shared,copilot : temporal-dev-copilot-dsqlid"


def test_grafana_installs_one_pinned_plugin(local: Run) -> None:
    plugin = environment(local, "grafana")["GF_PLUGINS_PREINSTALL"]
    name, version = plugin.split("@")
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version)
    sources = upload(local, "grafana", "/etc/grafana/provisioning/datasources/datasources.yaml")
    assert name in [source["type"] for source in yaml.safe_load(sources)["datasources"]]


@pytest.mark.usefixtures("aws")
def test_an_endpoint_that_is_set_needs_no_stack_dev(tmp_path: Path) -> None:
    result = run_main(
        "copilot",
        tmp_path,
        providers=Account(dev=None),
        configuration={"shared_dsql_endpoint": "mine.dsql.eu-west-1.on.aws"},
    )
    assert result.outputs["temporal_sql_host"] == "mine.dsql.eu-west-1.on.aws"
    assert not result.read


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("dev", "fix"),
    [
        (None, "`pulumi up -s dev`"),
        ({}, "`pulumi up -s dev`"),
        ({**SHARED, "region": "us-east-1"}, "us-east-1.* eu-west-1"),
    ],
)
def test_a_stack_dev_without_a_usable_cluster_is_refused(
    tmp_path: Path, dev: dict[str, str] | None, fix: str
) -> None:
    with pytest.raises(pulumi.RunError, match=fix):
        run_main("copilot", tmp_path, providers=Account(dev))


@pytest.mark.usefixtures("aws")
def test_folders_that_containers_write_to_belong_to_the_caller(home: Path) -> None:
    run_main("copilot", home, providers=Account())
    for cache in ("cli/cache", "sso/cache"):
        assert stat.S_IMODE((home / ".aws" / cache).stat().st_mode) == 0o700


@pytest.mark.usefixtures("aws")
def test_aws_can_be_deployed_without_docker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TDEPLOY_SERVICES", "none")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    result = run_main("copilot", tmp_path, providers=Account())
    assert not [one for one in result.resources if one.type.startswith("docker:")]
    assert result.outputs["knowledge_base_id"]


@pytest.mark.usefixtures("aws")
def test_the_server_is_built_where_its_source_is_given(tmp_path: Path) -> None:
    source = tmp_path / "fork"
    (source / "cmd" / "tools" / "dsql").mkdir(parents=True)
    result = run_main(
        "copilot",
        tmp_path,
        providers=Account(),
        configuration={"temporal_source": str(source)},
    )
    image = result.of("docker:index/image:Image")["temporal_dsql-image"].inputs
    assert image["imageName"] == "temporal-dsql-runtime:test"
    assert image["build"]["context"] == str(source)
    assert image["build"]["args"] == {
        "ALPINE_IMAGE": "alpine:3.22",
        "GOLANG_IMAGE": "golang:1.25-alpine",
    }
    assert result.containers["temporal-frontend"].inputs["image"] == "sha256:temporal_dsql-image"


@pytest.mark.usefixtures("aws")
def test_dev_declares_the_shared_cluster_and_protects_it(tmp_path: Path) -> None:
    result = run_main("dev", tmp_path)
    cluster = result.one("aws:dsql/cluster:Cluster")
    assert cluster.request.protect is True
    assert result.outputs["dsql_endpoint"] == "temporal-dev-dsqlid.dsql.eu-west-1.on.aws"
    assert result.outputs["project_name"] == "temporal-dev"
    assert not result.of("aws:dynamodb/table:Table")
    assert not [one for one in result.resources if one.type.startswith("docker:")]


@pytest.mark.usefixtures("aws")
def test_dev_declares_tables_where_the_setting_asks_for_them(tmp_path: Path) -> None:
    result = run_main("dev", tmp_path, configuration={"dynamodb_tables": "true"})
    assert result.outputs["rate_limiter_table"] == "temporal-dev-dsql-rate-limiter"
    assert result.outputs["conn_lease_table"] == "temporal-dev-dsql-conn-lease"


@pytest.mark.parametrize("stack", ["dev", "copilot"])
def test_refused_credentials_end_the_run(aws: FakeAws, tmp_path: Path, stack: str) -> None:
    aws.refusal = ("ExpiredToken", "expired")
    with pytest.raises(pulumi.RunError, match="ExpiredToken"):
        run_main(stack, tmp_path, providers=Account())


def test_containers_of_both_stacks_have_different_names(local: Run, copilot: Run) -> None:
    names = {result.inputs["name"] for result in (*local.of(CONTAINER).values(),)}
    assert not names & {result.inputs["name"] for result in copilot.of(CONTAINER).values()}
