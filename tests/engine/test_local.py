"""The stack `local` through Pulumi's real engine: created, unchanged, changed, destroyed."""

import stat

import yaml

from stacks.catalogue.by_stack import catalogue_for
from stacks.settings import LocalSettings
from tests.engine.worlds import World
from tests.fakes.docker_engine.memory import JobEnd

STACK = "local"


def settings(world: World) -> LocalSettings:
    content = yaml.safe_load((world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    values = {key.removeprefix("copilot:"): value for key, value in content["config"].items()}
    return LocalSettings.model_validate(values)


def workloads(world: World) -> set[str]:
    return set(catalogue_for(settings(world)).workloads)


def test_a_preview_lists_everything_and_creates_nothing(empty_local: World) -> None:
    outcome = empty_local.preview(STACK)
    assert outcome.changes.keys() == {"create"}
    assert outcome.changes["create"] >= workloads(empty_local)
    assert not empty_local.docker.containers
    assert not (empty_local.folder / ".env").exists()


def test_nothing_is_started_before_what_it_needs(running_local: World) -> None:
    catalogue = catalogue_for(settings(running_local))
    started = [name.removeprefix("local-") for name in running_local.docker.starts]
    assert sorted(started) == sorted(catalogue.workloads)
    for workload in catalogue.workloads.values():
        for needed in catalogue.waits_for(workload):
            assert started.index(needed) < started.index(workload.name)


def test_an_unchanged_stack_is_left_alone(running_local: World) -> None:
    assert running_local.refresh(STACK).changes == {}
    assert running_local.up(STACK).changes == {}


def test_changes_touch_the_containers_that_they_concern(running_local: World) -> None:
    docker = running_local.docker
    grafana = docker.named("local-grafana").identifier
    running_local.configure(STACK, memory={"grafana": 400})
    for path in ("docker/loki/loki.yaml", "copilot/settings.py", "README.md", "docs/stacks.md"):
        with (running_local.folder / path).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
    docker.remove_container("local-temporal-worker", force=True)
    docker.stop("local-temporal-ui")
    # Without a published port: started in place, and `up` waits for it all the same.
    docker.stop("local-temporal-history")
    docker.seconds_until_healthy["local-temporal-history"] = 1.0

    changes = running_local.up(STACK).changes
    assert changes["create"] == {"temporal-worker"}
    # A memory limit changes in place; the image has new code, and no document.
    assert changes["update"] == {"grafana", "copilot-image", "temporal-history"}
    assert changes["create-replacement"] == {
        *("loki", "loki-ready"),  # the job that awaits Loki runs again
        *("copilot-schema", "copilot-worker", "copilot-api"),
        "temporal-ui",
    }
    after = docker.named("local-grafana")
    assert after.identifier == grafana
    assert after.host["Memory"] == after.host["MemorySwap"] == 400 * 1024 * 1024
    assert docker.named("local-loki").files["/etc/loki/loki.yaml"].endswith(b"# changed\n")
    for name in ("local-temporal-worker", "local-temporal-ui", "local-temporal-history"):
        assert docker.named(name).running
    assert running_local.up(STACK).changes == {}


def test_faults_that_the_provider_does_not_find_are_repaired(running_local: World) -> None:
    docker = running_local.docker
    docker.disconnect("copilot-local", "local-temporal-matching")
    docker.disconnect("copilot-local", "local-copilot-api")
    docker.connect("copilot-local", "local-copilot-api", {})  # without its alias
    docker.pause("local-temporal-worker")
    docker.start("local-loki")
    docker.named("local-copilot-schema").end = JobEnd(3)  # as an `up` that was killed leaves it

    services = {"temporal-matching", "copilot-api", "temporal-worker"}
    assert running_local.preview(STACK).changes["replace"] >= services
    changes = running_local.up(STACK).changes
    assert changes["create-replacement"] == {*services, "loki-ready", "copilot-schema"}
    for name in services:
        container = docker.named(f"local-{name}")
        assert container.running
        assert not container.is_paused
        assert name in container.networks["copilot-local"]["Aliases"]
    # The label of a repair stays until the container is replaced for another reason.
    assert running_local.up(STACK).changes == {}


def test_a_lost_network_is_created_again_with_its_services_on_it(running_local: World) -> None:
    docker = running_local.docker
    for name in workloads(running_local):
        docker.disconnect("copilot-local", f"local-{name}")
    docker.remove_network("copilot-local")
    running_local.up(STACK)
    services = {service.name for service in catalogue_for(settings(running_local)).services}
    attached = docker.network("copilot-local")["Containers"].values()
    assert {one["Name"] for one in attached} == {f"local-{name}" for name in services}


def test_stopped_services_leave_network_and_volumes(running_local: World) -> None:
    volumes = set(running_local.docker.volumes)
    running_local.up(STACK, TDEPLOY_SERVICES="stopped")
    assert not running_local.docker.containers
    assert set(running_local.docker.volumes) == volumes
    assert "copilot-local" in {net["Name"] for net in running_local.docker.networks.values()}
    # The next plain `up` runs them again.
    running_local.up(STACK)
    assert len(running_local.docker.containers) == len(workloads(running_local))


def test_destroy_leaves_nothing(running_local: World) -> None:
    running_local.destroy(STACK)
    engine = running_local.docker
    assert not engine.containers
    assert not engine.volumes
    assert {network["Name"] for network in engine.networks.values()} == {"bridge"}


def test_destroy_leaves_volumes_with_keep_volumes(running_local: World) -> None:
    volumes = set(running_local.docker.volumes)
    running_local.configure(STACK, keep_volumes=True)
    running_local.up(STACK)
    running_local.destroy(STACK)
    assert not running_local.docker.containers
    assert set(running_local.docker.volumes) == volumes
    # The next stack uses them again.
    running_local.up(STACK)
    assert set(running_local.docker.volumes) == volumes


def test_dot_env_has_the_outputs(running_local: World) -> None:
    path = running_local.folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    outputs = running_local.outputs(STACK)
    text = path.read_text(encoding="utf-8")
    assert f"TEMPORAL_SQL_HOST='{outputs['temporal_sql_host']}'" in text
    port = settings(running_local).ports["copilot-api"]
    assert outputs["copilot_api_url"] == f"http://127.0.0.1:{port}"
