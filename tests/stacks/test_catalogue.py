"""The catalogue: what holds for every service of both stacks that run some."""

import os
import re

import pytest

from components.service import Probe, Service
from copilot import settings as copilot_settings
from stacks import copilot, local
from stacks.images import BUILT, PUBLIC
from stacks.outputs import urls
from stacks.scraping import targets
from stacks.services import Catalogue
from stacks.settings import CopilotSettings, LocalSettings
from stacks.templates import DOCKER
from stacks.temporal import COPILOT_NAMESPACE_JOB, NAMESPACES_JOB

SIX_GIGABYTES = 6 * 1024
CATALOGUES = {
    "local": local.planned(LocalSettings()),
    "copilot": copilot.planned(CopilotSettings()),
}
EVERY = pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES.keys())
ENDPOINT = "abc.dsql.eu-west-1.on.aws"


def service(catalogue: Catalogue, name: str) -> Service:
    found = catalogue.workloads[name]
    assert isinstance(found, Service)
    return found


@EVERY
def test_together_they_fit_the_machine_that_is_asked_for(catalogue: Catalogue) -> None:
    assert catalogue.memory_mb < SIX_GIGABYTES


@EVERY
def test_each_comes_after_all_that_it_waits_for(catalogue: Catalogue) -> None:
    before: set[str] = set()
    for workload in catalogue.in_order:
        assert set(catalogue.waits_for(workload)) <= before
        before.add(workload.name)
    assert before == set(catalogue.workloads)


@EVERY
def test_names_are_used_once(catalogue: Catalogue) -> None:
    assert len(catalogue.workloads) == len(catalogue.services) + len(catalogue.jobs)
    ports = [port.host for _, port in catalogue.ports]
    assert len(set(ports)) == len(ports)


@EVERY
def test_images_are_pinned(catalogue: Catalogue) -> None:
    for key, name in catalogue.images.items():
        assert key in PUBLIC or key in BUILT
        assert re.fullmatch(r".+:[^:/]+", name)
        assert not name.endswith(":latest")


@EVERY
def test_the_documented_ports(catalogue: Catalogue) -> None:
    published = {port.name: port.host for _, port in catalogue.ports}
    expected = {
        "alloy": 12345,
        "copilot-api": 8081,
        "copilot-temporal": 7243,
        "copilot-temporal-http": 8243,
        "copilot-ui": 8082,
        "grafana": 3000,
        "loki": 3100,
        "mimir": 9009,
        "temporal-frontend": 7233,
        "temporal-frontend-http": 8233,
        "temporal-ui": 8080,
    }
    if "elasticsearch" in catalogue.workloads:
        expected["elasticsearch"] = 9200
    assert published == expected


@EVERY
def test_the_metrics_store_scrapes_both_clusters_and_the_copilot(catalogue: Catalogue) -> None:
    assert {(target.job, target.cluster) for target in targets(catalogue.services)} == {
        ("temporal-frontend", "monitored"),
        ("temporal-history", "monitored"),
        ("temporal-matching", "monitored"),
        ("temporal-worker", "monitored"),
        ("copilot-temporal", "copilot"),
        ("copilot-worker", "copilot"),
        ("copilot-api", "copilot"),
        ("alloy", "copilot"),
    }


@EVERY
def test_one_history_process_starts_alone(catalogue: Catalogue) -> None:
    for name in ("temporal-frontend", "temporal-matching", "temporal-worker"):
        assert "temporal-history" in _all_before(catalogue, name)


@pytest.mark.parametrize("job", [NAMESPACES_JOB, COPILOT_NAMESPACE_JOB])
@pytest.mark.parametrize(
    ("days", "said"), [(None, ("--keep-retention", "3")), (30, ("30",)), (1, ("1",))]
)
def test_only_a_retention_that_is_set_is_given_to_namespaces_that_are_there(
    job: str, days: int | None, said: tuple[str, ...]
) -> None:
    planned = local.planned(LocalSettings(namespace_retention_days=days))
    arguments = list(planned.workloads[job].command)
    arguments.remove(next(part for part in arguments if str(part).startswith("http://")))
    assert tuple(arguments) == (*said, "default")


@EVERY
def test_the_last_to_serve_is_the_worker_with_its_first_verdict(catalogue: Catalogue) -> None:
    health = service(catalogue, "copilot-worker").health
    assert isinstance(health, Probe)
    assert "/readyz" in health.command[-1]
    assert {
        "copilot-schema",
        "copilot-temporal-namespace",
        "temporal-namespaces",
        "mimir-ready",
    } <= _all_before(catalogue, "copilot-worker")


@EVERY
def test_a_database_whose_container_is_new_gets_its_schema_again(catalogue: Catalogue) -> None:
    for job in catalogue.jobs:
        assert set(job.redo_with) <= _all_before(catalogue, job.name)


def test_work_that_a_store_in_a_container_can_lose_is_done_again() -> None:
    redone = {job.name: job.redo_with for job in CATALOGUES["local"].jobs}
    assert redone["temporal-schema"] == ("postgresql",)
    assert redone["copilot-temporal-schema"] == ("postgresql",)
    assert redone["copilot-schema"] == ("postgresql",)
    assert redone["temporal-namespaces"] == ("temporal-schema",)
    redone = {job.name: job.redo_with for job in CATALOGUES["copilot"].jobs}
    assert redone["visibility-indices"] == ("elasticsearch",)


def settings_of(
    catalogue: Catalogue, name: str, monkeypatch: pytest.MonkeyPatch
) -> copilot_settings.Settings:
    """What the Copilot makes of its container's environment."""
    with monkeypatch.context() as patch:
        for variable, value in service(catalogue, name).environment.items():
            assert isinstance(value, str)
            patch.setenv(variable, value)
        return copilot_settings.load()


@pytest.mark.parametrize("name", ["copilot-worker", "copilot-api"])
def test_the_local_copilot_takes_the_environment_that_it_gets(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its URL holds the password, and so comes from a file.
    monkeypatch.setenv("COPILOT_DATABASE_URL", "postgresql://copilot@postgresql:5432/copilot")
    loaded = settings_of(CATALOGUES["local"], name, monkeypatch)
    assert loaded.cluster == "monitored"
    assert loaded.prometheus_endpoint == "http://mimir:9009/prometheus"
    assert loaded.model == "none"


@pytest.mark.parametrize("name", ["copilot-worker", "copilot-api"])
def test_the_copilot_on_aws_takes_the_environment_that_it_gets(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = CopilotSettings()
    known = copilot.services(
        chosen,
        copilot.stores(chosen, "shared.dsql.eu-west-1.on.aws", ENDPOINT),
        knowledge_base_id="KB12345678",
        grafana_password="",
    )
    loaded = settings_of(known, name, monkeypatch)
    assert (loaded.dsql_host, loaded.dsql_database) == (ENDPOINT, "postgres")
    assert loaded.aws_region == chosen.region
    assert loaded.knowledge_base_id == "KB12345678"
    assert loaded.model == chosen.quick_words
    assert loaded.deep_model == chosen.deep_words


def test_stores_in_aws_are_reached_as_the_caller() -> None:
    catalogue = CATALOGUES["copilot"]
    clients = {
        *(name for name in catalogue.workloads if name.startswith("temporal-")),
        "copilot-temporal",
        "copilot-worker",
        "copilot-api",
        "copilot-schema",
        "copilot-temporal-schema",
        "grafana",
    } - {"temporal-ui", "temporal-namespaces"}
    with_folder = {
        name
        for name, workload in catalogue.workloads.items()
        if any(mount.folder and mount.folder.endswith("/.aws") for mount in workload.mounts)
    }
    assert with_folder == clients
    for name in clients:
        client = catalogue.workloads[name]
        assert client.user == f"{os.getuid()}:{os.getgid()}"
        # Grafana's image knows no other home.
        home = "/usr/share/grafana" if name == "grafana" else client.environment["HOME"]
        of_aws = {
            mount.target.removeprefix(f"{home}/.aws"): mount.writable
            for mount in client.mounts
            if mount.folder
        }
        assert of_aws == {
            "": False,
            "/cli/cache": True,
            "/login/cache": True,
            "/sso/cache": True,
        }


@pytest.mark.parametrize(("stack", "seconds"), [("local", 180), ("copilot", 360)])
def test_a_server_on_a_store_far_away_is_given_time_to_start(stack: str, seconds: int) -> None:
    for name in ("temporal-history", "copilot-temporal"):
        health = service(CATALOGUES[stack], name).health
        assert isinstance(health, Probe)
        assert health.time_limit == seconds


@pytest.mark.parametrize(
    ("host", "platform", "socket"),
    [
        (None, "linux", "/var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "linux", "/run/user/1000/docker.sock"),
        ("unix:///home/me/.docker/desktop/docker.sock", "linux", "/var/run/docker.sock"),
        ("unix:///Users/me/.docker/run/docker.sock", "darwin", "/var/run/docker.sock"),
        ("tcp://127.0.0.1:2375", "linux", "/var/run/docker.sock"),
    ],
)
def test_logs_are_collected_from_the_engine_that_is_used(
    monkeypatch: pytest.MonkeyPatch, host: str | None, platform: str, socket: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    mounts = local.planned(LocalSettings()).workloads["alloy"].mounts
    folders = [(mount.target, mount.folder) for mount in mounts if mount.folder]
    assert folders == [("/var/run/docker.sock", socket)]


@EVERY
def test_a_new_alloy_knows_which_logs_were_sent(catalogue: Catalogue) -> None:
    alloy = catalogue.workloads["alloy"]
    (volume,) = (mount for mount in alloy.mounts if mount.volume)
    assert f"--storage.path={volume.target}" in alloy.command


@EVERY
def test_what_keeps_data_has_a_volume_of_its_own_and_time_to_write_it(catalogue: Catalogue) -> None:
    keeping = [one for one in catalogue.services if any(mount.volume for mount in one.mounts)]
    volumes = [mount.volume for one in keeping for mount in one.mounts if mount.volume]
    assert len(set(volumes)) == len(volumes) > 0
    assert all(one.stop_seconds for one in keeping)


@EVERY
def test_nothing_runs_as_root_but_what_cannot_otherwise(catalogue: Catalogue) -> None:
    # Their images say so themselves.
    not_root = {"admin_tools", "elasticsearch", "grafana", "loki", "temporal_server"}
    for key, folder in (("copilot", "copilot"), ("temporal_dsql", "temporal")):
        (user,) = re.findall(r"^USER (.+)$", (DOCKER / folder / "Dockerfile").read_text(), re.M)
        assert user == "1000:1000"
        not_root.add(key)
    # The caller, whose id some run with, may well be root.
    as_root = {
        name
        for name, workload in catalogue.workloads.items()
        if workload.user is None and workload.image not in not_root
    }
    # Mimir's image owns no folder for another user; Alloy's has to read the engine's socket.
    assert as_root == {"alloy", "mimir"}


def test_no_secret_is_in_an_environment_or_a_command() -> None:
    stores = local._stores(LocalSettings(), "database-secret")
    catalogue = local.services(LocalSettings(), stores, "grafana-secret")
    for workload in catalogue.workloads.values():
        shown = f"{dict(workload.environment)} {workload.command} {workload.entrypoint}"
        assert "-secret" not in shown


def test_overrides_reach_what_they_name() -> None:
    chosen = LocalSettings(
        ports={"grafana": 13000},
        memory={"mimir": 1024, "temporal-schema": 512},
        images={"python": "python:3.13"},
    )
    catalogue = local.planned(chosen)
    assert urls(catalogue)["grafana_url"] == "http://127.0.0.1:13000"
    assert catalogue.workloads["mimir"].memory_mb == 1024
    assert catalogue.workloads["temporal-schema"].memory_mb == 512
    assert catalogue.images["python"] == "python:3.13"


def _all_before(catalogue: Catalogue, name: str) -> set[str]:
    direct = set(catalogue.waits_for(catalogue.workloads[name]))
    return direct.union(*(_all_before(catalogue, one) for one in direct))
