"""The stack `local` through the real engine command line on a real Docker engine.

The tests share one `up`, in the order in which they stand here; the last one destroys it. What it
costs is measured by `make bench`.
"""

import json
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab.load_control import EVERY_QUEUE, LoadControl
from tests.docker.load import load
from tests.docker.local_stack import STACK, Start
from tests.lab.watch import Watch
from tests.tdeploy.command import Tdeploy, ended

# Windows of 15 and 30 s have to fill, and two clear cycles pass.
HAPPY_SECONDS = 120
DETECTED_SECONDS = 60
RATE = 5.0
STATUS_SECONDS = 2.0
# A busy machine is slow, not wrong: the best of a few counts.
ATTEMPTS = 3


@pytest.fixture
def tdeploy(start: Start) -> Tdeploy:
    """The command line in the project whose stack is up."""
    commands = start.stack.project.commands
    return Tdeploy(commands.project, commands.environment)


@pytest.fixture
def watch(start: Start) -> Iterator[Watch]:
    watch = Watch(start.stack.url("copilot-api"))
    yield watch
    watch.close()


def test_up_ends_with_a_first_verdict(watch: Watch) -> None:
    assert watch.status()["health_state"] != "unknown"


def test_a_second_up_changes_nothing(start: Start) -> None:
    outcome = start.stack.project.up(STACK)
    assert outcome.changes == {}


def test_no_password_shows(start: Start) -> None:
    password = (start.stack.project.folder / ".state" / "database-password").read_text().strip()
    containers = start.stack.client.containers.list(all=True)
    assert len(containers) == len(start.stack.catalogue.workloads)
    for container in containers:
        assert password not in json.dumps(container.attrs), container.name
    assert password not in start.stack.project.state()
    assert password not in start.outcome.output


def test_dot_env_is_for_its_owner_alone(start: Start) -> None:
    path = start.stack.project.folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_status_shows_the_stack_within_two_seconds(start: Start, tdeploy: Tdeploy) -> None:
    answers = []
    for _ in range(ATTEMPTS):
        begin = time.monotonic()
        status = tdeploy("status", "-p", STACK, "--json")
        answers.append((time.monotonic() - begin, status.answer))
    seconds, answer = min(answers)
    said = json.loads(answer)
    assert said["verdict"]["health_state"] != "unknown", said["troubles"]
    services = {one["service"]: one["state"] for one in said["containers"] if not one["is_job"]}
    assert services.keys() == {service.name for service in start.stack.catalogue.services}
    assert set(services.values()) <= {"healthy", "running"}
    assert seconds < STATUS_SECONDS


def test_following_logs_ends_and_the_services_run_on(start: Start, tdeploy: Tdeploy) -> None:
    listed = tdeploy("services", "ps", "-p", STACK)
    assert listed.exit_code == 0, listed.answer
    with tdeploy.started("services", "logs", "-p", STACK, "-f", "copilot-worker") as following:
        assert following.stdout
        assert following.stdout.readline().startswith("copilot-worker | ")
        following.send_signal(signal.SIGINT)
        assert ended(following).exit_code == 0
    assert start.stack.client.containers.get(f"{STACK}-copilot-worker").status == "running"


def test_the_copilot_sees_load_and_lost_workers(watch: Watch, start: Start, tmp_path: Path) -> None:
    control = tmp_path / "control.json"
    with load(start.stack.url("temporal-frontend"), control, RATE):
        watch.until(
            lambda status: status["health_state"] == "happy" and not status["idle"],
            HAPPY_SECONDS,
            "happy under load",
        )
        LoadControl(stopped_queues=(EVERY_QUEUE,)).write(control)
        watch.until(
            lambda status: (
                status["health_state"] in {"stressed", "critical"}
                and any(cause["kind"] == "queue" for cause in status["causes"])
            ),
            DETECTED_SECONDS,
            "not happy, with a queue named",
        )


def test_a_container_lost_or_stopped_is_healed_by_the_next_up(start: Start) -> None:
    start.stack.client.containers.get(f"{STACK}-temporal-ui").remove(force=True)
    start.stack.client.containers.get(f"{STACK}-copilot-ui").stop(timeout=1)
    outcome = start.stack.project.up(STACK)
    assert outcome.changes.get("create") == {"temporal-ui"}
    assert outcome.changes.get("create-replacement") == {"copilot-ui"}
    assert {one.status for one in start.stack.client.containers.list()} == {"running"}


def test_a_schema_job_finds_its_work_done(tdeploy: Tdeploy) -> None:
    """After it, the next `up` would do again what stands on the schema."""
    again = tdeploy("schema", "setup", "-p", STACK)
    assert again.exit_code == 0, again.remarks
    assert again.answer.startswith("temporal: the schema is there, version ")


def timeline(watch: Watch) -> int:
    return len(httpx.get(f"{watch.url}/status/timeline").json()["timeline"])


def test_a_schema_made_anew_is_an_empty_cluster_that_is_judged_again(
    start: Start, tdeploy: Tdeploy, watch: Watch
) -> None:
    frontend = start.stack.url("temporal-frontend-http")
    namespaces = f"{frontend}/api/v1/namespaces"
    registered = httpx.post(
        namespaces, json={"namespace": "mine", "workflowExecutionRetentionPeriod": "86400s"}
    )
    assert registered.status_code == httpx.codes.OK, registered.text
    kept = timeline(watch)
    assert kept

    anew = tdeploy("schema", "setup", "-p", STACK, "--overwrite", "--yes")
    assert anew.exit_code == 0, anew.remarks
    assert "temporal: dropped\ntemporal: the schema has version " in anew.answer
    listed = httpx.get(namespaces).json()["namespaces"]
    assert {one["namespaceInfo"]["name"] for one in listed} == {"default", "temporal-system"}
    assert watch.status()["health_state"] != "unknown"
    # What the Copilot knows is another schema.
    assert timeline(watch) >= kept

    forgotten = tdeploy("schema", "setup-copilot-app", "-p", STACK, "--overwrite", "--yes")
    assert forgotten.exit_code == 0, forgotten.remarks
    watch.until(
        lambda status: status["health_state"] == "happy", HAPPY_SECONDS, "happy without a history"
    )
    assert start.stack.project.up(STACK).changes == {}


def test_destroy_leaves_nothing(start: Start) -> None:
    start.stack.project.destroy(STACK)
    assert start.stack.left() == []
