"""An `up` that fails half-way shows the cause, and the next `up` repairs the stack."""

import signal

import pytest

from tests.engine.worlds import World
from tests.fakes.docker_engine.memory import JobEnd

STACK = "local"
LAST_STARTED = "local-copilot-worker"


def test_a_failed_job_fails_the_up_and_is_run_again_by_the_next(empty_local: World) -> None:
    log = "".join(f"line {number}\n" for number in range(100)) + "boom\n"
    empty_local.docker.job_ends["local-temporal-schema"] = JobEnd(3, log)
    output = empty_local.up(STACK, fails=True).output
    assert "temporal-schema" in output
    assert "exit code 3" in output
    # The last lines of its log, not the first.
    assert "line 99\n" in output
    assert "boom\n" in output
    assert "line 1\n" not in output
    # No service that needs the job was started.
    assert "local-temporal-history" not in empty_local.docker.starts

    empty_local.docker.job_ends.clear()
    empty_local.up(STACK)
    assert empty_local.docker.starts.count("local-temporal-schema") == 2
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_jobs_that_failed_together_are_all_run_again_by_one_up(empty_local: World) -> None:
    jobs = {"local-temporal-schema", "local-copilot-temporal-schema", "local-loki-ready"}
    for job in jobs:
        empty_local.docker.job_ends[job] = JobEnd(3, "boom\n")
    empty_local.up(STACK, fails=True)

    empty_local.docker.job_ends.clear()
    empty_local.up(STACK)
    assert {empty_local.docker.named(job).end.exit_code for job in jobs} == {0}
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_a_service_that_does_not_get_healthy_fails_the_up_with_its_log(
    running_local: World,
) -> None:
    docker = running_local.docker
    docker.unhealthy["local-temporal-history"] = "no space left on device\n"
    output = running_local.up(STACK, fails=True).output
    assert "no space left on device" in output
    assert "Traceback" not in output

    docker.unhealthy.clear()
    running_local.up(STACK)
    assert running_local.up(STACK).changes == {}


def test_a_service_that_the_engine_refuses_to_start_is_replaced(empty_local: World) -> None:
    refusal = "driver failed programming external connectivity: port is already allocated"
    empty_local.docker.start_refusals["local-mimir"] = refusal
    assert refusal in empty_local.up(STACK, fails=True).output

    empty_local.docker.start_refusals.clear()
    empty_local.up(STACK)
    assert empty_local.docker.named("local-mimir").running
    assert empty_local.up(STACK).changes == {}


@pytest.mark.parametrize("held_back", ["local-postgresql", "local-temporal-schema"])
def test_a_killed_up_is_repaired_by_the_next(empty_local: World, held_back: str) -> None:
    with (
        empty_local.docker.pause_before_start(held_back) as pause,
        empty_local.commands.started("up", "--yes", "--skip-preview", "-s", STACK) as running,
    ):
        running.await_event(pause.reached, f"the start of {held_back}")
        running.kill()
    # The killed command's lock is still there.
    assert "pulumi cancel" in empty_local.up(STACK, fails=True).output
    empty_local.pulumi("cancel", "--yes", "--stack", STACK)

    empty_local.up(STACK)
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_an_interrupted_up_is_repaired_by_the_next(empty_local: World) -> None:
    with (
        empty_local.docker.pause_before_start("local-temporal-history") as pause,
        empty_local.commands.started("up", "--yes", "--skip-preview", "-s", STACK) as running,
    ):
        running.await_event(pause.reached, "the start of history")
        running.signal(signal.SIGINT)
        pause.go_on.set()
        assert running.ended().exit_code != 0
    empty_local.up(STACK)
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_images_removed_by_hand_are_built_and_pulled_again(running_local: World) -> None:
    for image, container in (
        ("temporal-sre-copilot:dev", "local-copilot-api"),
        ("grafana/grafana:12.4.2", "local-grafana"),
    ):
        running_local.docker.remove_image(image)
        running_local.docker.remove_container(container, force=True)
    running_local.up(STACK)
    assert running_local.docker.named("local-copilot-api").running
    assert running_local.docker.named("local-grafana").running
