"""The stack `local` through Pulumi's command line on a real Docker engine.

The tests share one `up` and run in this order; those of test_local_stack_watched.py and
test_running_stack.py follow. `make bench` measures its times.
"""

import asyncio
import io
import json
import signal
import stat
from pathlib import Path

import httpx
import pytest
from docker.models.containers import ContainerCollection
from docker.models.images import ImageCollection

from components.docker_engine import IMAGE_LABEL
from components.network import network_name
from components.readiness import is_serving, until_ready
from lab.load_control import EVERY_QUEUE, LoadControl
from tests.docker.load import load
from tests.docker.local_stack import STACK, Start
from tests.lab.watch import Watch
from tests.tdeploy.command import Tdeploy, ended

# Windows of 15 and 30 s have to fill, and two clear cycles pass.
HAPPY_SECONDS = 300
DETECTED_SECONDS = 180
UNHEALTHY_SECONDS = 180
REQUEST_SECONDS = 60
RATE = 5.0


def test_up_ends_when_all_is_happy(watch: Watch, tdeploy: Tdeploy) -> None:
    status = tdeploy("status", "-p", STACK)
    assert status.exit_code == 0, status.stdout
    changes = httpx.get(f"{watch.url}/status/timeline", timeout=REQUEST_SECONDS).json()["timeline"]
    # Before its first verdict a cluster may be unknown.
    assert {change["health_state"] for change in changes} - {"unknown"} == {"happy"}, changes


def test_a_second_up_changes_nothing_but_removes_replaced_images(start: Start) -> None:
    images = start.stack.client.images
    replaced = [_replaced_image(images, label) for label in (IMAGE_LABEL, "io.others")]
    outcome = start.stack.project.up(STACK)
    assert outcome.changes == {}
    left = {image.id for image in images.list(filters={"dangling": True})}
    assert [identifier in left for identifier in replaced] == [False, True]


def _replaced_image(images: ImageCollection, label: str) -> str:
    """Build an image twice under one name; return the id of the first, which loses the name."""
    built = []
    for content in ("old", "new"):
        dockerfile = f"FROM scratch\nLABEL {label}={content}\n".encode()
        image, _ = images.build(fileobj=io.BytesIO(dockerfile), tag=f"replaced:{label}", rm=True)
        built.append(str(image.id))
    return built[0]


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


def test_status_shows_the_stack(start: Start, tdeploy: Tdeploy) -> None:
    status = tdeploy("status", "-p", STACK, "--json")
    content = json.loads(status.stdout)
    assert content["verdict"], content["troubles"]
    services = {one["service"]: one["state"] for one in content["containers"] if not one["is_job"]}
    assert services.keys() == {service.name for service in start.stack.catalogue.services}
    assert set(services.values()) <= {"healthy", "running"}


def test_ctrl_c_ends_following_logs_and_no_service(start: Start, tdeploy: Tdeploy) -> None:
    listed = tdeploy("services", "ps", "-p", STACK)
    assert listed.exit_code == 0, listed.stdout
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


def fail_jobs(containers: ContainerCollection, *names: str) -> None:
    """Run jobs again, with an end that is not theirs."""
    database = containers.get(f"{STACK}-postgresql")
    database.pause()  # so that no job can succeed first
    for name in names:
        job = containers.get(f"{STACK}-{name}")
        job.start()
        job.kill()
        assert job.wait()["StatusCode"] != 0
    database.unpause()


def test_the_next_up_repairs_everything(start: Start) -> None:
    containers = start.stack.client.containers
    fail_jobs(containers, "temporal-schema", "copilot-schema")
    containers.get(f"{STACK}-temporal-ui").remove(force=True)
    containers.get(f"{STACK}-copilot-ui").stop(timeout=1)
    # Published by nothing, so that the provider starts it and does not wait.
    containers.get(f"{STACK}-temporal-history").stop(timeout=1)
    network = start.stack.client.networks.get(network_name(STACK))
    network.disconnect(f"{STACK}-temporal-matching")
    containers.get(f"{STACK}-temporal-worker").pause()

    outcome = start.stack.project.up(STACK)
    assert outcome.changes.get("create") == {"temporal-ui"}
    assert outcome.changes["create-replacement"] >= {
        *("copilot-ui", "temporal-matching", "temporal-worker"),
        *("temporal-schema", "copilot-schema"),
    }
    jobs = {f"{STACK}-{job.name}" for job in start.stack.catalogue.jobs}
    for container in containers.list(all=True):
        state = container.attrs["State"]
        if container.name in jobs:
            assert state["ExitCode"] == 0, container.name
        else:
            assert is_serving(state), container.name
    assert start.stack.project.up(STACK).changes == {}


def test_the_log_of_a_service_that_does_not_get_healthy_is_read(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", start.stack.project.commands.environment["DOCKER_HOST"])
    second = 10**9
    container = start.stack.client.containers.run(
        start.stack.catalogue.images["python"],
        ["sh", "-c", "echo no space left on device; exec sleep 600"],
        healthcheck={"test": ["CMD", "ls", "/lost"], "interval": second, "retries": 1},
        detach=True,
    )
    try:
        reason = asyncio.run(until_ready(str(container.id), UNHEALTHY_SECONDS))
    finally:
        container.remove(force=True)
    assert reason
    assert "no space left on device" in reason  # its log
    assert "/lost" in reason  # its health check


def namespaces(frontend: str) -> set[str]:
    listed = httpx.get(f"{frontend}/api/v1/namespaces", timeout=REQUEST_SECONDS).json()[
        "namespaces"
    ]
    return {one["namespaceInfo"]["name"] for one in listed}


def timeline(watch: Watch) -> int:
    return len(
        httpx.get(f"{watch.url}/status/timeline", timeout=REQUEST_SECONDS).json()["timeline"]
    )


def test_a_schema_is_kept_until_it_is_overwritten(
    start: Start, tdeploy: Tdeploy, watch: Watch
) -> None:
    frontend = start.stack.url("temporal-frontend-http")
    registered = httpx.post(
        f"{frontend}/api/v1/namespaces",
        json={"namespace": "mine", "workflowExecutionRetentionPeriod": "86400s"},
        timeout=REQUEST_SECONDS,
    )
    assert registered.status_code == httpx.codes.OK, registered.text
    recorded = timeline(watch)
    assert recorded

    again = tdeploy("schema", "setup", "-p", STACK)
    assert again.exit_code == 0, again.stderr
    assert "mine" in namespaces(frontend)

    overwritten = tdeploy("schema", "setup", "-p", STACK, "--overwrite", "--yes")
    assert overwritten.exit_code == 0, overwritten.stderr
    assert "default" in namespaces(frontend)
    assert "mine" not in namespaces(frontend)
    # A verdict is valid for three cycles, of 5 s here: a busy machine may miss them.
    watch.until(lambda status: status["health_state"] != "unknown", HAPPY_SECONDS, "known after it")
    # The Copilot's records are in another schema.
    assert timeline(watch) >= recorded

    overwritten = tdeploy("schema", "setup-copilot-app", "-p", STACK, "--overwrite", "--yes")
    assert overwritten.exit_code == 0, overwritten.stderr
    watch.until(
        lambda status: status["health_state"] == "happy", HAPPY_SECONDS, "happy without a history"
    )
    assert start.stack.project.up(STACK).changes == {}
