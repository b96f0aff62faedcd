"""A stack from a fresh clone to its end, and failures on the way."""

import signal

import pytest

from tests.fakes.docker_engine.memory import JobEnd
from tests.tdeploy.command import await_event, ended, run_here
from tests.tdeploy.conftest import Clone, PreparedLocal

HELD_BACK = "the start of history"


def test_a_fresh_clone_comes_up_and_goes(prepared_local: PreparedLocal, local: Clone) -> None:
    up = prepared_local.first_up
    assert "docker container copilot-worker" in up.stderr
    assert "copilot-api: http://127.0.0.1:" in up.stdout
    assert local.world.docker.named("local-copilot-worker").running
    assert (local.world.folder / ".env").is_file()

    again = local.tdeploy("up", "-p", "local")
    assert (again.exit_code, again.stderr, again.stdout) == (0, "", up.stdout)

    down = local.tdeploy("down", "-p", "local", "--yes")
    assert down.exit_code == 0, down.stderr
    assert "docker volume: " in down.stderr
    assert not local.world.docker.containers
    assert not local.world.docker.volumes
    assert not (local.world.folder / ".env").exists()
    assert local.tdeploy("down", "-p", "local", "--yes").exit_code == 1


def test_a_terminal_shows_the_operations_under_way(fresh: Clone) -> None:
    with fresh.world.docker.pause_before_start("local-temporal-history") as pause:
        exit_code, drawn = fresh.tdeploy.on_terminal(
            # A busy machine may not draw each second.
            *("up", "-p", "local"),
            until=r"temporal-history [1-9]\d* s",
            then=pause.go_on.set,
        )
    assert exit_code == 0, drawn
    assert "docker container copilot-worker" in drawn


def test_down_lists_what_it_deletes_and_asks(local: Clone) -> None:
    no_terminal = local.tdeploy("down", "-p", "local")
    assert no_terminal.exit_code == 2
    assert "postgresql-data" in no_terminal.stderr
    assert "--yes" in no_terminal.error
    declined = local.tdeploy.answered("n", "down", "-p", "local", question="[y/N] ")
    assert declined.exit_code == 1
    interrupted = local.tdeploy.asked([("[y/N] ", signal.SIGINT)], "down", "-p", "local")
    assert interrupted.exit_code == 2
    assert "Traceback" not in interrupted.stderr
    assert local.world.docker.volumes

    assert local.tdeploy.answered("y", "down", "-p", "local", question="[y/N] ").exit_code == 0
    assert not local.world.docker.volumes


def test_a_failed_job_is_the_only_cause(fresh: Clone) -> None:
    fresh.world.docker.job_ends["local-temporal-schema"] = JobEnd(3, "first\nboom\n")
    up = fresh.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    cause, *lines = up.error.splitlines()
    assert "temporal-schema" in cause
    assert [line.strip() for line in lines] == ["first", "boom"]

    fresh.world.docker.job_ends.clear()
    assert fresh.tdeploy("up", "-p", "local").exit_code == 0


def test_a_refusal_of_docker_names_the_container(fresh: Clone) -> None:
    fresh.world.docker.start_refusals["local-mimir"] = "port is already allocated"
    up = fresh.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    assert "docker container mimir: " in up.error
    assert "port is already allocated" in up.error
    assert len(up.error.splitlines()) == 1, up.error


@pytest.mark.parametrize("words", ["up -p dsql", "up -p production", "services ps -p dsql"])
def test_a_wrong_profile_is_refused_with_the_valid_ones(words: str) -> None:
    refused = run_here(*words.split(), environment={})
    assert refused.exit_code == 2
    for name in (words.rsplit(maxsplit=1)[-1], "copilot", "local"):
        assert name in refused.error


def test_docker_that_does_not_answer(local: Clone) -> None:
    up = local.tdeploy("up", "-p", "local", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert up.exit_code == 2
    assert "DOCKER_HOST" in up.error


def test_ctrl_c_stops_an_update_in_order(fresh: Clone) -> None:
    with (
        fresh.world.docker.pause_before_start("local-temporal-history") as pause,
        fresh.tdeploy.started("up", "-p", "local") as process,
    ):
        await_event(pause.reached, process, HELD_BACK)
        process.send_signal(signal.SIGINT)
        pause.go_on.set()
        up = ended(process)
    assert up.exit_code == 2
    assert "interrupted" in up.error
    # The lock is released, and the state has everything that was created.
    assert fresh.tdeploy("up", "-p", "local").exit_code == 0
    assert fresh.world.docker.named("local-copilot-worker").running


def test_the_lock_of_a_killed_command_is_removed(fresh: Clone) -> None:
    with (
        fresh.world.docker.pause_before_start("local-temporal-history") as pause,
        fresh.world.commands.started("stack", "init", "local") as running,
    ):
        assert running.ended().exit_code == 0
        with fresh.world.commands.started("up", "--yes", "--skip-preview", "-s", "local") as up:
            up.await_event(pause.reached, HELD_BACK)
            locked = fresh.tdeploy("up", "-p", "local", PULUMI_CONFIG_PASSPHRASE="")
            assert locked.exit_code == 2
            assert "tdeploy pulumi cancel -s local" in locked.error
            up.kill()
    done = fresh.tdeploy("up", "-p", "local", PULUMI_CONFIG_PASSPHRASE="")
    assert done.exit_code == 0, done.stderr
