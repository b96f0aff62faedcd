"""The stack `local` through Pulumi's real engine: it comes up, stays as it is, changes and goes."""

import stat
from pathlib import Path

import yaml

from stacks.local import planned
from stacks.settings import LocalSettings
from tests.engine.worlds import World

STACK = "local"


def settings(world: World) -> LocalSettings:
    content = yaml.safe_load((world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    values = {key.removeprefix("copilot:"): value for key, value in content["config"].items()}
    return LocalSettings.model_validate(values)


def workloads(world: World) -> set[str]:
    return set(planned(settings(world)).workloads)


def test_a_preview_names_everything_and_makes_nothing(empty_local: World) -> None:
    outcome = empty_local.preview(STACK)
    assert outcome.changes.keys() == {"create"}
    assert outcome.changes["create"] >= workloads(empty_local)
    assert not empty_local.docker.containers
    assert not (empty_local.folder / ".env").exists()


def test_nothing_is_started_before_what_it_needs(standing_local: World) -> None:
    catalogue = planned(settings(standing_local))
    started = [name.removeprefix("local-") for name in standing_local.docker.starts]
    assert sorted(started) == sorted(catalogue.workloads)
    for workload in catalogue.workloads.values():
        for needed in catalogue.waits_for(workload):
            assert started.index(needed) < started.index(workload.name)


def test_what_stands_is_left_alone(standing_local: World) -> None:
    assert standing_local.up(STACK).changes == {}
    assert standing_local.refresh(STACK).changes == {}
    assert standing_local.up(STACK).changes == {}


def test_a_memory_limit_changes_in_place(standing_local: World) -> None:
    before = standing_local.docker.named("local-grafana").identifier
    standing_local.configure(STACK, memory={"grafana": 400})
    assert standing_local.up(STACK).changes == {"update": {"grafana"}}
    after = standing_local.docker.named("local-grafana")
    assert after.identifier == before
    assert after.host["Memory"] == after.host["MemorySwap"] == 400 * 1024 * 1024
    assert standing_local.up(STACK).changes == {}


def test_a_changed_configuration_file_replaces_its_containers(standing_local: World) -> None:
    path = Path("docker/loki/loki.yaml")
    config = standing_local.folder / path
    config.write_text(config.read_text() + "# changed\n")
    outcome = standing_local.up(STACK)
    # The job that awaits it is run again with it.
    assert outcome.changes["create-replacement"] == {"loki", "loki-ready"}
    files = standing_local.docker.named("local-loki").files
    assert files["/etc/loki/loki.yaml"].endswith(b"# changed\n")
    assert standing_local.up(STACK).changes == {}


def test_changed_code_of_the_copilot_replaces_its_containers_alone(standing_local: World) -> None:
    code = standing_local.folder / "copilot" / "worker.py"
    code.write_text(code.read_text() + "# changed\n")
    outcome = standing_local.up(STACK)
    assert outcome.changes["update"] == {"copilot-image"}
    replaced = outcome.changes["create-replacement"]
    assert replaced == {"copilot-schema", "copilot-worker", "copilot-api"}
    assert standing_local.up(STACK).changes == {}


def test_other_changes_of_the_repository_build_nothing(standing_local: World) -> None:
    (standing_local.folder / "README.md").write_text("changed\n")
    (standing_local.folder / "docs" / "new.md").write_text("new\n")
    assert standing_local.up(STACK).changes == {}


def test_what_was_removed_or_stopped_by_hand_is_there_again(standing_local: World) -> None:
    standing_local.docker.remove_container("local-temporal-worker", force=True)
    standing_local.docker.stop("local-temporal-ui")
    outcome = standing_local.up(STACK)
    assert outcome.changes["create"] == {"temporal-worker"}
    assert outcome.changes["create-replacement"] == {"temporal-ui"}
    for name in ("local-temporal-worker", "local-temporal-ui"):
        assert standing_local.docker.named(name).running
    assert standing_local.up(STACK).changes == {}


def test_stopped_services_leave_network_and_volumes(standing_local: World) -> None:
    volumes = set(standing_local.docker.volumes)
    standing_local.up(STACK, TDEPLOY_SERVICES="stopped")
    assert not standing_local.docker.containers
    assert set(standing_local.docker.volumes) == volumes
    assert "copilot-local" in {net["Name"] for net in standing_local.docker.networks.values()}
    # The next plain `up` runs them again.
    standing_local.up(STACK)
    assert len(standing_local.docker.containers) == len(workloads(standing_local))


def test_destroy_leaves_nothing(standing_local: World) -> None:
    standing_local.destroy(STACK)
    engine = standing_local.docker
    assert not engine.containers
    assert not engine.volumes
    assert {network["Name"] for network in engine.networks.values()} == {"bridge"}


def test_destroy_leaves_the_volumes_that_are_to_be_kept(standing_local: World) -> None:
    volumes = set(standing_local.docker.volumes)
    standing_local.configure(STACK, keep_volumes=True)
    standing_local.up(STACK)
    standing_local.destroy(STACK)
    assert not standing_local.docker.containers
    assert set(standing_local.docker.volumes) == volumes
    # And the next stack finds them again.
    standing_local.up(STACK)
    assert set(standing_local.docker.volumes) == volumes


def test_dot_env_says_what_the_outputs_say(standing_local: World) -> None:
    path = standing_local.folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    outputs = standing_local.outputs(STACK)
    text = path.read_text(encoding="utf-8")
    assert f"TEMPORAL_SQL_HOST='{outputs['temporal_sql_host']}'" in text
    port = settings(standing_local).ports["copilot-api"]
    assert outputs["copilot_api_url"] == f"http://127.0.0.1:{port}"
