"""`tdeploy services`: list, logs, restart, down, up."""

import json

from tests.fakes.docker_engine.memory import JobEnd
from tests.tdeploy.conftest import Clone


def identifiers(clone: Clone) -> dict[str, str]:
    """The id of each container, by name."""
    return {one.name: one.identifier for one in clone.world.docker.containers.values()}


def test_containers_are_listed_with_their_state(local: Clone) -> None:
    listed = local.tdeploy("services", "ps", "-p", "local")
    assert listed.exit_code == 0
    states = dict(line.split()[:2] for line in listed.stdout.splitlines()[1:])
    assert states["copilot-worker"] == "healthy"
    assert states["temporal-schema"] == "done"

    local.world.docker.stop("local-loki")
    ended = local.tdeploy("services", "ps", "-p", "local", "--json")
    assert ended.exit_code == 1
    by_name = {one["service"]: one["state"] for one in json.loads(ended.stdout)}
    assert by_name["loki"] == "exited"

    some = local.tdeploy("services", "ps", "-p", "local", "mimir", "grafana")
    assert [line.split()[0] for line in some.stdout.splitlines()[1:]] == ["mimir", "grafana"]
    unknown = local.tdeploy("services", "ps", "-p", "local", "mimir", "nope")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "nope" in unknown.error
    assert "alloy, " in unknown.error


def test_logs_of_services_and_jobs(local: Clone) -> None:
    local.world.docker.named("local-mimir").end = JobEnd(0, "first\nsecond\nthird\n")
    logs = local.tdeploy("services", "logs", "-p", "local", "mimir", "-n", "2")
    assert (logs.exit_code, logs.stdout) == (0, "mimir | second\nmimir | third\n")
    job = local.tdeploy("services", "logs", "-p", "local", "temporal-schema", "--json")
    assert json.loads(job.stdout) == {"service": "temporal-schema", "line": "done"}
    unknown = local.tdeploy("services", "logs", "-p", "local", "mimirr")
    assert unknown.exit_code == 1
    assert "mimirr" in unknown.error
    assert "mimir, " in unknown.error


def test_a_restart_replaces_the_services_that_are_named(local: Clone) -> None:
    before = identifiers(local)
    restart = local.tdeploy("services", "restart", "-p", "local", "copilot-worker", "mimir")
    assert restart.exit_code == 0, restart.stderr
    after = identifiers(local)
    changed = {name for name in before if before[name] != after[name]}
    # The job that waits for Mimir runs again.
    assert changed == {"local-copilot-worker", "local-mimir", "local-mimir-ready"}
    unknown = local.tdeploy("services", "restart", "-p", "local", "nobody")
    assert unknown.exit_code == 1
    assert "nobody" in unknown.error


def test_services_down_deletes_volumes_only_with_the_option(local: Clone) -> None:
    docker = local.world.docker
    assert local.tdeploy("services", "down", "-p", "local").exit_code == 0
    assert not docker.containers
    assert docker.volumes
    for command in ("ps", "logs", "restart"):
        nothing = local.tdeploy("services", command, "-p", "local")
        assert nothing.exit_code == 1
        assert "local" in nothing.error

    no_terminal = local.tdeploy("services", "down", "-p", "local", "--volumes")
    assert no_terminal.exit_code == 2
    assert "postgresql-data" in no_terminal.error
    assert docker.volumes
    assert local.tdeploy("services", "down", "-p", "local", "-v", "--yes").exit_code == 0
    assert not docker.volumes

    up = local.tdeploy("services", "up", "-p", "local", "-d")
    assert up.exit_code == 0, up.stderr
    assert docker.named("local-copilot-worker").running


def test_kept_volumes_are_not_deleted(local: Clone) -> None:
    local.world.configure("local", keep_volumes="yes")
    for command in (("services", "down", "--volumes"), ("down",)):
        unsettled = local.tdeploy(*command, "-p", "local", "--yes")
        assert unsettled.exit_code == 1
        assert "keep_volumes" in unsettled.error
        assert "`tdeploy services up -p local -d`" in unsettled.error
    assert local.world.docker.containers

    assert local.tdeploy("up", "-p", "local").exit_code == 0
    refused = local.tdeploy("services", "down", "-p", "local", "--volumes", "--yes")
    assert refused.exit_code == 1
    assert "keep_volumes false" in refused.error
    down = local.tdeploy("down", "-p", "local", "--yes")
    assert down.exit_code == 0
    assert not local.world.docker.containers
    assert local.world.docker.volumes
