"""What goes wrong half-way is said once and clearly, and the next `up` heals it."""

import signal

import pytest

from tests.engine.memory_engine import JobEnd
from tests.engine.worlds import World

STACK = "local"
LAST_STARTED = "local-copilot-worker"


def test_a_failed_job_fails_the_up_and_is_run_again_by_the_next(empty_local: World) -> None:
    said = "".join(f"line {number}\n" for number in range(100)) + "boom\n"
    empty_local.docker.job_ends["local-temporal-schema"] = JobEnd(3, said)
    outcome = empty_local.up(STACK, fails=True)
    assert "the job temporal-schema failed with exit code 3" in outcome.output, outcome.output
    assert "boom" in outcome.output, outcome.output
    assert "line 99" in outcome.output, outcome.output
    assert "line 1\n" not in outcome.output, outcome.output
    # What needs the job has not been started.
    assert "local-temporal-history" not in empty_local.docker.starts

    empty_local.docker.job_ends.clear()
    empty_local.up(STACK)
    assert empty_local.docker.starts.count("local-temporal-schema") == 2
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_a_service_that_the_engine_refuses_to_start_is_replaced(empty_local: World) -> None:
    refusal = "driver failed programming external connectivity: port is already allocated"
    empty_local.docker.start_refusals["local-mimir"] = refusal
    outcome = empty_local.up(STACK, fails=True)
    assert refusal in outcome.output, outcome.output

    empty_local.docker.start_refusals.clear()
    empty_local.up(STACK)
    assert empty_local.docker.named("local-mimir").running
    assert empty_local.up(STACK).changes == {}


@pytest.mark.parametrize("held_back", ["local-postgresql", "local-temporal-schema"])
def test_a_killed_up_is_healed(empty_local: World, held_back: str) -> None:
    with (
        empty_local.docker.pause_before_start(held_back) as pause,
        empty_local.commands.started("up", "--yes", "--skip-preview", "-s", STACK) as running,
    ):
        assert pause.reached.wait(60)
        running.kill()
    # The killed command's lock is named, with what to do.
    outcome = empty_local.up(STACK, fails=True)
    assert "pulumi cancel" in outcome.output, outcome.output
    empty_local.pulumi("cancel", "--yes", "--stack", STACK)

    empty_local.up(STACK)
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_an_interrupted_up_is_healed_by_the_next(empty_local: World) -> None:
    with (
        empty_local.docker.pause_before_start("local-temporal-history") as pause,
        empty_local.commands.started("up", "--yes", "--skip-preview", "-s", STACK) as running,
    ):
        assert pause.reached.wait(60)
        running.signal(signal.SIGINT)
        pause.go_on.set()
        assert running.ended().exit_code != 0
    empty_local.up(STACK)
    assert empty_local.docker.named(LAST_STARTED).running
    assert empty_local.up(STACK).changes == {}


def test_a_built_image_removed_by_hand_is_built_again(standing_local: World) -> None:
    standing_local.docker.remove_image("temporal-sre-copilot:dev")
    standing_local.docker.remove_container("local-copilot-api", force=True)
    standing_local.up(STACK)
    assert standing_local.docker.named("local-copilot-api").running


def test_a_public_image_removed_by_hand_is_pulled_again(standing_local: World) -> None:
    standing_local.docker.remove_image("grafana/grafana:12.4.2")
    standing_local.docker.remove_container("local-grafana", force=True)
    standing_local.up(STACK)
    assert standing_local.docker.named("local-grafana").running
