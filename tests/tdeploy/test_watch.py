"""The stack `watch`, from its settings to its end."""

from stacks.catalogue.by_stack import catalogue_for
from stacks.watch_settings import WatchSettings
from tests.ports import free_ports
from tests.tdeploy.conftest import Clone

PROFILE = ("-p", "watch")


def configure(clone: Clone) -> None:
    """Settings of the stack, with free ports instead of those that this machine may use."""
    ports = sorted(catalogue_for(WatchSettings()).overridable.ports)
    clone.world.configure("watch", ports=free_ports(ports), cluster="prod")


def test_it_comes_up_and_goes_and_keeps_its_history(fresh: Clone) -> None:
    configure(fresh)
    docker = fresh.world.docker
    up = fresh.tdeploy("up", *PROFILE)
    assert up.exit_code == 0, up.stderr
    assert {one.name.removeprefix("watch-") for one in docker.listed()} == set(
        catalogue_for(WatchSettings()).workloads
    )
    again = fresh.tdeploy("up", *PROFILE)
    assert (again.exit_code, again.stderr, again.stdout) == (0, "", up.stdout)

    assert fresh.tdeploy("env", *PROFILE, "--json").json == {
        "COPILOT_CLUSTER": "prod",
        "LOKI_URL": "",
        "MONITORED_TEMPORAL_ADDRESS": "host.docker.internal:7233",
        "PROMETHEUS_ENDPOINT": "http://host.docker.internal:9090",
    }
    status = fresh.tdeploy("status", *PROFILE, "--json").json
    assert len([one for one in status["containers"] if not one["is_job"]]) == 4
    # It has no database of a monitored cluster.
    assert fresh.tdeploy("schema", "setup", *PROFILE).exit_code == 2
    assert fresh.tdeploy("schema", "setup-copilot", *PROFILE).exit_code == 0

    assert fresh.tdeploy("services", "down", *PROFILE).exit_code == 0
    assert not docker.containers
    down = fresh.tdeploy("down", *PROFILE, "--yes")
    assert down.exit_code == 0, down.stderr
    assert docker.volumes
    assert not (fresh.world.folder / ".env").exists()
