"""A stack from a fresh clone to its end, and what goes wrong on the way."""

import signal

import pytest

from tests.engine.memory_engine import JobEnd
from tests.tdeploy.command import ended
from tests.tdeploy.conftest import Clone

_UNTIL_SECONDS = 60


def test_a_fresh_clone_comes_up_and_goes(fresh: Clone) -> None:
    up = fresh.tdeploy("up", "-p", "local")
    assert up.exit_code == 0, up.remarks
    assert "made docker container copilot-worker" in up.remarks
    assert "copilot-api: http://127.0.0.1:" in up.answer
    assert fresh.world.docker.named("local-copilot-worker").running
    assert (fresh.world.folder / ".env").is_file()

    again = fresh.tdeploy("up", "-p", "local")
    assert (again.exit_code, again.remarks, again.answer) == (0, "", up.answer)

    down = fresh.tdeploy("down", "-p", "local", "--yes")
    assert down.exit_code == 0, down.remarks
    assert "docker volume: " in down.remarks
    assert not fresh.world.docker.containers
    assert not fresh.world.docker.volumes
    assert fresh.tdeploy("down", "-p", "local", "--yes").exit_code == 1


def test_a_terminal_shows_what_is_under_way(fresh: Clone) -> None:
    with fresh.world.docker.pause_before_start("local-temporal-history") as pause:
        exit_code, drawn = fresh.tdeploy.on_terminal(
            "up", "-p", "local", until="temporal-history 1 s", then=pause.go_on.set
        )
    assert exit_code == 0, drawn
    assert "updating local" in drawn
    assert "made docker container copilot-worker" in drawn


def test_what_is_destroyed_is_shown_and_asked(local: Clone) -> None:
    unasked = local.tdeploy("down", "-p", "local")
    assert unasked.exit_code == 2
    assert "postgresql-data" in unasked.remarks
    assert "--yes" in unasked.error
    refused = local.tdeploy.answered("n", "down", "-p", "local", question="[y/N] ")
    assert (refused.exit_code, refused.error) == (1, "nothing was changed")
    ended = local.tdeploy.asked([("[y/N] ", signal.SIGINT)], "down", "-p", "local")
    assert (ended.exit_code, ended.remarks.splitlines()[-1][-11:]) == (2, "interrupted")
    assert local.world.docker.volumes

    assert local.tdeploy.answered("y", "down", "-p", "local", question="[y/N] ").exit_code == 0
    assert not local.world.docker.volumes


def test_a_failed_job_is_the_one_cause(fresh: Clone) -> None:
    fresh.world.docker.job_ends["local-temporal-schema"] = JobEnd(3, "first\nboom\n")
    up = fresh.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    first, *lines = up.error.splitlines()
    assert first.startswith("updating local failed: the job temporal-schema failed with exit code")
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "-p", "dsql"), "there is no profile dsql any more"),
        (("up", "-p", "production"), "use copilot or local"),
        (("services", "ps", "-p", "dsql"), "there is no profile dsql any more"),
    ],
)
def test_a_wrong_profile_is_refused(local: Clone, arguments: tuple[str, ...], said: str) -> None:
    refused = local.tdeploy(*arguments)
    assert refused.exit_code == 2
    assert said in refused.error


def test_docker_that_does_not_answer(local: Clone) -> None:
    up = local.tdeploy("up", "-p", "local", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert up.exit_code == 2
    assert "Docker does not answer: start it" in up.error


def test_ctrl_c_ends_in_good_order(fresh: Clone) -> None:
    with (
        fresh.world.docker.pause_before_start("local-temporal-history") as pause,
        fresh.tdeploy.started("up", "-p", "local") as process,
    ):
        assert pause.reached.wait(_UNTIL_SECONDS)
        process.send_signal(signal.SIGINT)
        pause.go_on.set()
        up = ended(process)
    assert up.exit_code == 2
    assert "updating local was interrupted: what was done until then is known" in up.error
    # The lock is released, and nothing made is forgotten.
    assert fresh.tdeploy("up", "-p", "local").exit_code == 0
    assert fresh.world.docker.named("local-copilot-worker").running


def test_the_lock_of_a_killed_command_is_taken_away(fresh: Clone) -> None:
    with (
        fresh.world.docker.pause_before_start("local-temporal-history") as pause,
        fresh.world.commands.started("stack", "init", "local") as running,
    ):
        assert running.ended().exit_code == 0
        with fresh.world.commands.started("up", "--yes", "--skip-preview", "-s", "local") as up:
            assert pause.reached.wait(_UNTIL_SECONDS)
            locked = fresh.tdeploy("up", "-p", "local", PULUMI_CONFIG_PASSPHRASE="")
            assert locked.exit_code == 2
            assert "the stack local is being changed by" in locked.error
            up.kill()
    done = fresh.tdeploy("up", "-p", "local", PULUMI_CONFIG_PASSPHRASE="")
    assert done.exit_code == 0, done.remarks
