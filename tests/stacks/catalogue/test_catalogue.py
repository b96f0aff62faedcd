"""The catalogues of the stacks with containers."""

import os
import re

import pytest

from components.workload import Probe, Service, Workload
from copilot import settings as copilot_settings
from copilot.signals.roles import Role
from stacks.catalogue.alloy import targets
from stacks.catalogue.aws_access import caller_access
from stacks.catalogue.by_stack import catalogue_for, copilot_catalogue, local_catalogue
from stacks.catalogue.catalogue import Catalogue
from stacks.catalogue.files import DOCKER
from stacks.catalogue.images import BUILT, PUBLIC
from stacks.catalogue.temporal import COPILOT_NAMESPACE_JOB, NAMESPACES_JOB
from stacks.settings import CopilotSettings, LocalSettings
from stacks.watch_settings import WatchSettings

SIX_GIGABYTES = 6 * 1024
ENVIRONMENTS = {
    "local": catalogue_for(LocalSettings()),
    "local with elasticsearch": catalogue_for(LocalSettings(visibility="elasticsearch")),
    "copilot": catalogue_for(CopilotSettings()),
}
CATALOGUES = {**ENVIRONMENTS, "watch": catalogue_for(WatchSettings())}
WITH_A_CLUSTER = pytest.mark.parametrize(
    "catalogue", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys()
)
EVERY = pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES.keys())
ENDPOINT = "abc.dsql.eu-west-1.on.aws"


def service(catalogue: Catalogue, name: str) -> Service:
    found = catalogue.workloads[name]
    assert isinstance(found, Service)
    return found


@EVERY
def test_the_services_fit_into_6_gb_or_7_with_both_stores(catalogue: Catalogue) -> None:
    both = {"postgresql", "elasticsearch"} <= catalogue.workloads.keys()
    assert catalogue.memory_mb < SIX_GIGABYTES + (1024 if both else 0)


@EVERY
def test_each_workload_starts_after_all_that_it_waits_for(catalogue: Catalogue) -> None:
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


@WITH_A_CLUSTER
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


@WITH_A_CLUSTER
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


@WITH_A_CLUSTER
def test_one_history_process_starts_alone(catalogue: Catalogue) -> None:
    for name in ("temporal-frontend", "temporal-matching", "temporal-worker"):
        assert "temporal-history" in _all_before(catalogue, name)


@pytest.mark.parametrize("job", [NAMESPACES_JOB, COPILOT_NAMESPACE_JOB])
@pytest.mark.parametrize(
    ("days", "retention"), [(None, ("--keep-retention", "3")), (30, ("30",)), (1, ("1",))]
)
def test_a_default_retention_does_not_change_existing_namespaces(
    job: str, days: int | None, retention: tuple[str, ...]
) -> None:
    planned = catalogue_for(LocalSettings(namespace_retention_days=days))
    arguments = list(planned.workloads[job].command)
    arguments.remove(next(part for part in arguments if str(part).startswith("http://")))
    assert tuple(arguments) == (*retention, "default")


@WITH_A_CLUSTER
def test_the_worker_is_ready_last_with_its_first_verdict(catalogue: Catalogue) -> None:
    health = service(catalogue, "copilot-worker").health
    assert isinstance(health, Probe)
    assert "/readyz" in health.command[-1]
    assert {
        "copilot-schema",
        "copilot-temporal-namespace",
        "temporal-namespaces",
        "mimir-ready",
        *(role.job for role in Role),
    } <= _all_before(catalogue, "copilot-worker")


@EVERY
def test_a_new_container_of_a_store_runs_its_jobs_again(catalogue: Catalogue) -> None:
    for job in catalogue.jobs:
        assert set(job.redo_with) <= _all_before(catalogue, job.name)


def test_jobs_run_again_with_the_store_that_holds_their_work() -> None:
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
    """The Copilot's settings in its container's environment."""
    with monkeypatch.context() as patch:
        for variable, value in service(catalogue, name).environment.items():
            assert isinstance(value, str)
            patch.setenv(variable, value)
        return copilot_settings.load()


@pytest.mark.parametrize("name", ["copilot-worker", "copilot-api"])
def test_the_local_copilot_accepts_its_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its URL holds the password, and so comes from a file.
    monkeypatch.setenv("COPILOT_DATABASE_URL", "postgresql://copilot@postgresql:5432/copilot")
    loaded = settings_of(CATALOGUES["local"], name, monkeypatch)
    assert loaded.cluster == "monitored"
    assert loaded.prometheus_endpoint == "http://mimir:9009/prometheus"
    assert loaded.model == "none"


@pytest.mark.parametrize("name", ["copilot-worker", "copilot-api"])
def test_the_copilot_on_aws_accepts_its_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = CopilotSettings()
    catalogue = copilot_catalogue(chosen, copilot_endpoint=ENDPOINT, knowledge_base_id="KB12345678")
    loaded = settings_of(catalogue, name, monkeypatch)
    assert (loaded.dsql_host, loaded.dsql_database) == (ENDPOINT, "postgres")
    assert loaded.aws_region == chosen.region
    assert loaded.knowledge_base_id == "KB12345678"
    assert loaded.model == chosen.effective_model
    assert loaded.deep_model == chosen.effective_deep_model


def test_clients_of_aws_use_the_callers_credentials() -> None:
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
        # Grafana's image has a fixed home.
        home = "/usr/share/grafana" if name == "grafana" else client.environment["HOME"]
        of_aws = {
            mount.target.removeprefix(f"{home}/.aws"): mount.writable
            for mount in client.mounts
            if mount.folder
        }
        assert of_aws == {
            "": False,
            "/cli/cache": True,
            "/sso/cache": True,
        }


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_containers_sign_in_with_the_callers_profile(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "work")
    assert caller_access("eu-west-1").environment["AWS_PROFILE"] == "work"


@pytest.mark.parametrize(("stack", "seconds"), [("local", 180), ("copilot", 360)])
def test_a_server_on_a_remote_store_has_more_time_to_start(stack: str, seconds: int) -> None:
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
        ("unix:///home/me/.colima/default/docker.sock", "linux", "/var/run/docker.sock"),
        ("unix:///Users/me/.docker/run/docker.sock", "darwin", "/var/run/docker.sock"),
        ("tcp://127.0.0.1:2375", "linux", "/var/run/docker.sock"),
    ],
)
def test_logs_are_collected_from_the_engine_in_use(
    monkeypatch: pytest.MonkeyPatch, host: str | None, platform: str, socket: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    mounts = catalogue_for(LocalSettings()).workloads["alloy"].mounts
    folders = [(mount.target, mount.folder) for mount in mounts if mount.folder]
    assert folders == [("/var/run/docker.sock", socket)]


@WITH_A_CLUSTER
def test_alloys_positions_in_the_logs_are_in_a_volume(catalogue: Catalogue) -> None:
    alloy = catalogue.workloads["alloy"]
    (volume,) = (mount for mount in alloy.mounts if mount.volume)
    assert f"--storage.path={volume.target}" in alloy.command


@EVERY
def test_a_service_with_data_has_its_own_volume_and_time_to_write(catalogue: Catalogue) -> None:
    keeping = [one for one in catalogue.services if any(mount.volume for mount in one.mounts)]
    volumes = [mount.volume for one in keeping for mount in one.mounts if mount.volume]
    assert len(set(volumes)) == len(volumes) > 0
    others = [one.stop_seconds for one in catalogue.services if one not in keeping]
    assert min(one.stop_seconds for one in keeping) >= max(others) > 0


@EVERY
def test_only_alloy_and_mimir_run_as_root(catalogue: Catalogue) -> None:
    # Their images set another user.
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
    # Mimir's image has no folder for another user; Alloy reads the engine's socket.
    assert as_root == {"alloy", "mimir"} & catalogue.workloads.keys()


def test_both_temporal_clusters_of_local_can_have_their_visibility_in_elasticsearch() -> None:
    catalogue = CATALOGUES["local with elasticsearch"]
    for name in ("temporal-history", "copilot-temporal"):
        assert "visibility-indices" in _all_before(catalogue, name)
    jobs = {job.name: job for job in catalogue.jobs}
    assert jobs["visibility-indices"].overwrites.keys() == {
        "temporal-schema",
        "copilot-temporal-schema",
    }
    assert "elasticsearch" not in CATALOGUES["local"].workloads


def test_opensearch_has_its_data_in_its_own_home() -> None:
    for image, home in (("opensearchproject/opensearch:2.19.1", "opensearch"), ("es:8", "")):
        settings = CopilotSettings(images={"elasticsearch": image})
        (mount,) = service(catalogue_for(settings), "elasticsearch").mounts
        assert mount.target == f"/usr/share/{home or 'elasticsearch'}/data"


def test_no_secret_is_in_an_environment_or_a_command() -> None:
    secrets = ("database-secret", "grafana-secret")
    catalogue = local_catalogue(
        LocalSettings(), database_password=secrets[0], grafana_password=secrets[1]
    )
    for workload in catalogue.workloads.values():
        visible = f"{dict(workload.environment)} {workload.command} {workload.entrypoint}"
        assert "-secret" not in visible


def test_overrides_change_what_they_name() -> None:
    chosen = LocalSettings(
        ports={"grafana": 13000},
        memory={"mimir": 1024, "temporal-schema": 512},
        images={"python": "python:3.13"},
    )
    catalogue = catalogue_for(chosen)
    assert catalogue.urls["grafana_url"] == "http://127.0.0.1:13000"
    assert catalogue.workloads["mimir"].memory_mb == 1024
    assert catalogue.workloads["temporal-schema"].memory_mb == 512
    assert catalogue.images["python"] == "python:3.13"


def _all_before(catalogue: Catalogue, name: str) -> set[str]:
    direct = set(catalogue.waits_for(catalogue.workloads[name]))
    return direct.union(*(_all_before(catalogue, one) for one in direct))


@pytest.mark.parametrize(
    ("setting", "value", "concerned"),
    [
        ("sql_max_conns", 100, {f"temporal-{role}" for role in Role}),
        ("copilot_sql_max_conns", 20, {"copilot-temporal"}),
        ("cycle_seconds", 60, {"copilot-api", "copilot-worker"}),
        ("short_window_seconds", 120, {"copilot-api", "copilot-worker"}),
        ("scrape_seconds", 20, {"copilot-api", "copilot-worker", "alloy", "grafana"}),
        ("keep_volumes", True, set()),
    ],
)
def test_a_setting_changes_only_what_it_concerns(
    setting: str, value: object, concerned: set[str]
) -> None:
    def workloads(**values: object) -> dict[str, Workload]:
        settings = LocalSettings.model_validate(values)
        passwords = dict.fromkeys(("database_password", "grafana_password"), "known")
        return dict(local_catalogue(settings, **passwords).workloads)

    before, after = workloads(), workloads(**{setting: value})
    assert {name for name in before if before[name] != after[name]} == concerned
