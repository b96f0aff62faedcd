"""The stack `watch`: what it contains, and how its Copilot signs in at a cluster of others."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from components.workload import Workload
from copilot import settings as copilot_settings
from copilot.settings import Settings
from stacks.catalogue.by_stack import watch_catalogue
from stacks.watch_settings import WatchSettings

SECRETS = {"metrics_token": "t0ken-secret", "monitored_api_key": "key-secret"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with a client certificate, its key and a password."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name in ("client.pem", "client.key", "password"):
        (folder / name).write_text("content")
    return folder


def loaded(workload: Workload, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The Copilot's settings in its container."""
    with monkeypatch.context() as patch:
        # Its URL holds a password, and so comes from a file.
        patch.setenv("COPILOT_DATABASE_URL", "postgresql://copilot@postgresql:5432/copilot")
        for variable, value in workload.environment.items():
            assert isinstance(value, str)
            patch.setenv(variable, value)
        return copilot_settings.load()


def test_it_is_the_copilot_with_its_own_temporal_and_postgresql() -> None:
    catalogue = watch_catalogue(WatchSettings())
    assert {one.name for one in catalogue.services} == {
        "copilot-api",
        "copilot-temporal",
        "copilot-worker",
        "postgresql",
    }
    assert {port.name for _, port in catalogue.ports} == {
        "copilot-api",
        "copilot-temporal",
        "copilot-temporal-http",
    }
    assert catalogue.memory_mb <= 2048
    assert "temporal-schema" not in catalogue.workloads


def test_the_copilot_accepts_its_environment(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = WatchSettings.model_validate(
        {
            "cluster": "prod",
            "monitored_address": "temporal.example.com:443",
            "monitored_namespaces": ["default", "orders"],
            "prometheus_endpoint": "https://metrics.example.com/prometheus",
            "labels": {"matcher": 'namespace="temporal"', "role": "container"},
            "logs": {"username": "reader", "password_file": str(keys / "password")},
            "monitored": {
                "certificate_file": str(keys / "client.pem"),
                "key_file": str(keys / "client.key"),
                "tls": "true",
            },
        }
    )
    catalogue = watch_catalogue(settings, secrets=SECRETS)
    worker = loaded(catalogue.workloads["copilot-worker"], monkeypatch)
    assert (
        worker.cluster == loaded(catalogue.workloads["copilot-api"], monkeypatch).cluster == "prod"
    )
    assert worker.monitored_address == "temporal.example.com:443"
    assert worker.monitored_namespaces == ("default", "orders")
    assert worker.prometheus_endpoint == "https://metrics.example.com/prometheus"
    assert worker.labels == settings.labels
    assert (worker.loki_url, worker.canary) == ("", "off")
    assert Path(worker.metrics.token_file) == Path("/run/secrets/metrics-token")
    assert worker.monitored.api_key_file == "/run/secrets/monitored-api-key"
    assert worker.monitored.tls is True
    assert worker.logs.password_file == f"/run/sources{keys}/password"


def test_secrets_are_in_the_workers_files_only() -> None:
    catalogue = watch_catalogue(WatchSettings(), secrets={**SECRETS, "logs_headers": "A=1,B=2"})
    for workload in catalogue.workloads.values():
        files = {file.path: file.content for file in workload.files}
        shown = f"{dict(workload.environment)} {workload.command} {workload.mounts}"
        assert "secret" not in shown.replace("/run/secrets", "")
        if workload.name in {"copilot-worker", "monitored-sources"}:
            assert files["/run/secrets/metrics-token"] == "t0ken-secret"
            assert files["/run/secrets/logs-headers"] == "A=1\nB=2"
        else:
            assert "-secret" not in str(files)


def test_a_renewed_file_is_read_again(keys: Path) -> None:
    """Its folder is mounted: a mounted file would stay the one that was replaced."""
    settings = WatchSettings.model_validate(
        {"monitored": {"certificate_file": str(keys / "client.pem")}}
    )
    worker = watch_catalogue(settings).workloads["copilot-worker"]
    (mount,) = worker.mounts
    assert (mount.target, mount.folder) == (f"/run/sources{keys}", str(keys))
    assert not mount.writable
    assert worker.user == f"{os.getuid()}:{os.getgid()}"


@pytest.fixture
def clusters(tmp_path: Path) -> Path:
    """A folder with the file of a cluster."""
    folder = tmp_path / "clusters"
    folder.mkdir()
    (folder / "prod.yaml").write_text("cluster: prod")
    return folder


def test_clusters_that_files_describe_are_read_by_worker_api_and_check(
    clusters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder itself is mounted, so that a file that is added later is seen."""
    catalogue = watch_catalogue(WatchSettings(clusters_folder=clusters))
    for name in ("copilot-worker", "copilot-api", "monitored-sources"):
        workload = catalogue.workloads[name]
        # The Copilot refuses the variables of one cluster beside it.
        folder = loaded(workload, monkeypatch).clusters_folder
        (mount,) = workload.mounts
        assert (mount.target, mount.folder, mount.writable) == (folder, str(clusters), False)
        assert workload.user == f"{os.getuid()}:{os.getgid()}"


def test_a_cluster_file_for_amazons_store_gives_the_worker_the_callers_credentials(
    clusters: Path,
) -> None:
    (clusters / "wrong.yaml").write_text("metrics: [")
    (clusters / "aws.yaml").write_text("cluster: aws\nmetrics: {aws_region: eu-west-1}")
    catalogue = watch_catalogue(WatchSettings(clusters_folder=clusters))
    mounted = {
        name: [str(one.folder) for one in workload.mounts]
        for name, workload in catalogue.workloads.items()
    }
    assert str(Path.home() / ".aws") in mounted["copilot-worker"]
    assert str(Path.home() / ".aws") in mounted["monitored-sources"]
    assert mounted["copilot-api"] == [str(clusters)]


def test_settings_and_secrets_of_one_cluster_are_refused_beside_a_folder(clusters: Path) -> None:
    given = {"clusters_folder": str(clusters), "cluster": "prod", "labels": {"role": "container"}}
    with pytest.raises(ValidationError, match="rm-all -s watch cluster labels`"):
        WatchSettings.model_validate(given)
    settings = WatchSettings(clusters_folder=clusters)
    with pytest.raises(ValueError, match="rm-all -s watch metrics_token monitored_api_key`"):
        watch_catalogue(settings, secrets=SECRETS)


def test_only_the_worker_reaches_the_sources() -> None:
    workloads = watch_catalogue(WatchSettings()).workloads.values()
    assert {one.name for one in workloads if one.reaches_host} == {
        "copilot-worker",
        "monitored-sources",
    }


def test_amazons_metrics_store_gets_the_callers_credentials() -> None:
    settings = WatchSettings.model_validate({"metrics": {"aws_region": "eu-west-1"}})
    worker = watch_catalogue(settings).workloads["copilot-worker"]
    assert worker.environment["COPILOT_METRICS_AWS_REGION"] == "eu-west-1"
    assert any(str(mount.folder).endswith("/.aws") for mount in worker.mounts)


@pytest.mark.parametrize(
    ("secrets", "access"),
    [
        ({"metrics_password": "x"}, {}),
        ({"metrics_token": "x"}, {"username": "reader"}),
        ({"metrics_token": "x"}, {"aws_region": "eu-west-1"}),
    ],
)
def test_secrets_that_do_not_fit_the_settings_are_refused(
    secrets: dict[str, str], access: dict[str, str]
) -> None:
    settings = WatchSettings.model_validate({"metrics": access})
    with pytest.raises(ValueError, match=r"^metrics\."):
        watch_catalogue(settings, secrets=secrets)


def test_a_secret_and_its_file_are_refused(keys: Path) -> None:
    settings = WatchSettings.model_validate({"metrics": {"token_file": str(keys / "password")}})
    with pytest.raises(ValueError, match="metrics_token"):
        watch_catalogue(settings, secrets=SECRETS)


@pytest.mark.parametrize(
    ("setting", "value", "fix"),
    [
        ("monitored_address", "127.0.0.1:7233", "host.docker.internal"),
        ("monitored_address", "localhost:7233", "host.docker.internal"),
        ("prometheus_endpoint", "http://[::1]:9090", "host.docker.internal"),
        ("loki_url", "http://localhost:3100", "host.docker.internal"),
        ("prometheus_endpoint", "https://me:pw@metrics.example.com", "username"),
        ("metrics", {"tokn_file": "x"}, "token_file"),
        ("metrics", {"token": "abc"}, "--secret metrics_token"),
        ("monitored", {"api_key": "abc"}, "--secret monitored_api_key"),
        ("logs", {"proxy": "http://me:pw@proxy:3128"}, "password"),
        ("logs", {"token_file": "/nowhere/token"}, "no file"),
        ("clusters_folder", "/nowhere/clusters", "no folder"),
        ("clusters_folder", "~", "all of it"),
    ],
)
def test_wrong_settings_are_refused(setting: str, value: object, fix: str) -> None:
    with pytest.raises(ValidationError, match=fix):
        WatchSettings.model_validate({setting: value})


def test_a_file_that_containers_could_not_follow_is_refused(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "token").symlink_to(keys / "password")
    with pytest.raises(ValidationError, match="link"):
        WatchSettings.model_validate({"metrics": {"token_file": str(tmp_path / "live" / "token")}})


def test_a_file_in_the_home_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("content")
    with pytest.raises(ValidationError, match="folder of its own"):
        WatchSettings.model_validate({"metrics": {"token_file": "~/token"}})
