"""The fake docker provider behaves as the real one (5.2.0) was measured to: one fact a test."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import docker
from tests.fakes.docker_engine import daemon
from tests.fakes.docker_engine.memory import JobEnd, MemoryEngine
from tests.fakes.pulumi.docker_container import Container
from tests.fakes.pulumi.docker_package import Network, connected
from tests.fakes.pulumi.go_duration import nanoseconds, written
from tests.fakes.pulumi.resource_types import Difference, HalfMadeError, Made, RefusedError

IMAGE = "web:1"
SERVICE: dict[str, Any] = {"name": "web", "image": IMAGE, "restart": "unless-stopped"}
JOB: dict[str, Any] = {
    "name": "job",
    "image": IMAGE,
    "restart": "no",
    "attach": True,
    "logs": True,
    "mustRun": False,
}


@dataclass(frozen=True)
class Setting:
    engine: MemoryEngine
    client: docker.APIClient
    containers: Container

    def made(self, inputs: dict[str, Any]) -> Made:
        return self.containers.create("resource", inputs)

    def refreshed(self, made: Made) -> Made:
        read = self.containers.read(made)
        assert read
        return read

    def next_up(self, made: Made, inputs: dict[str, Any]) -> Difference:
        return self.containers.difference(self.refreshed(made), inputs)


@pytest.fixture
def setting() -> Iterator[Setting]:
    engine = MemoryEngine()
    engine.pull(IMAGE)
    with daemon.serving(engine) as host, connected(host) as client:
        yield Setting(engine, client, Container(client, poll_seconds=0.01))


def test_a_memory_limit_without_a_swap_limit_is_updated_at_every_refresh(setting: Setting) -> None:
    inputs = {**SERVICE, "memory": 256}
    made = setting.made(inputs)
    assert made.outputs["memorySwap"] == 512
    assert setting.containers.difference(made, inputs) == Difference(
        ["memorySwap"], [], delete_first=True
    )
    updated = setting.containers.update(made, inputs)
    assert not setting.containers.difference(updated, inputs).changed
    assert setting.next_up(updated, inputs).changed == ["memorySwap"]

    fixed = {**SERVICE, "name": "other", "memory": 256, "memorySwap": 256}
    assert not setting.next_up(setting.made(fixed), fixed).changed


def test_a_capability_without_its_prefix_replaces_the_container(setting: Setting) -> None:
    inputs = {**SERVICE, "capabilities": {"adds": ["IPC_LOCK"]}}
    assert setting.next_up(setting.made(inputs), inputs).replacing == ["capabilities"]

    fixed = {**SERVICE, "name": "other", "capabilities": {"adds": ["CAP_IPC_LOCK"]}}
    assert not setting.next_up(setting.made(fixed), fixed).changed


def test_the_order_of_sets_is_no_change(setting: Setting) -> None:
    network = Network(setting.client)
    made = network.create("network", {"name": "net"})
    assert network.read(made)
    inputs = {
        **SERVICE,
        "envs": ["B=2", "A=1"],
        "ports": [
            {"internal": 81, "external": 8081, "ip": "127.0.0.1"},
            {"internal": 80, "external": 8080, "ip": "127.0.0.1", "protocol": "tcp"},
        ],
        "uploads": [{"file": "/b", "content": "b"}, {"file": "/a", "content": "a"}],
        "labels": [{"label": "z", "value": "1"}, {"label": "a", "value": "2"}],
        "volumes": [
            {"containerPath": "/z", "volumeName": "v"},
            {"containerPath": "/a", "hostPath": "/etc", "readOnly": True},
        ],
        "ulimits": [
            {"name": "nofile", "soft": 10, "hard": 20},
            {"name": "memlock", "soft": 1, "hard": 1},
        ],
        "networksAdvanced": [{"name": "net", "aliases": ["y", "x"]}],
        "healthcheck": {"tests": ["CMD", "true"], "interval": "2s", "retries": 3},
    }
    other = {
        **inputs,
        "networksAdvanced": [{"name": "net", "aliases": ["x", "y"]}],
        **{
            key: [*reversed(inputs[key])]
            for key in ("envs", "ports", "uploads", "labels", "volumes", "ulimits")
        },
    }
    assert not setting.next_up(setting.made(inputs), other).changed


def test_a_health_check_is_read_back_as_go_writes_durations(setting: Setting) -> None:
    def inputs(interval: str) -> dict[str, Any]:
        return {**SERVICE, "healthcheck": {"tests": ["CMD", "true"], "interval": interval}}

    made = setting.made(inputs("60s"))
    assert setting.next_up(made, inputs("60s")).changed == ["healthcheck"]
    assert not setting.next_up(made, inputs("1m0s")).changed
    assert [written(nanoseconds(text)) for text in ("90s", "3600s", "500ms", "0s", "1m30s")] == [
        "1m30s",
        "1h0m0s",
        "500ms",
        "0s",
        "1m30s",
    ]


def test_a_changed_health_check_is_updated_without_effect(setting: Setting) -> None:
    before = {**SERVICE, "healthcheck": {"tests": ["CMD", "true"], "interval": "2s"}}
    after = {**SERVICE, "healthcheck": {"tests": ["CMD", "true"], "interval": "3s"}}
    made = setting.made(before)
    found = setting.next_up(made, after)
    assert (found.changed, found.replacing) == (["healthcheck"], [])
    setting.containers.update(made, after)
    kept = setting.engine.named("web").config["Healthcheck"]["Interval"]
    assert kept == nanoseconds("2s")


def test_a_changed_upload_replaces_the_container_old_one_first(setting: Setting) -> None:
    before = {**SERVICE, "uploads": [{"file": "/a", "content": "1"}]}
    after = {**SERVICE, "uploads": [{"file": "/a", "content": "2"}]}
    found = setting.next_up(setting.made(before), after)
    assert (found.replacing, found.delete_first) == (["uploads"], True)
    assert setting.engine.named("web").files == {"/a": b"1"}


def test_another_time_to_stop_replaces_the_container(setting: Setting) -> None:
    inputs = {**SERVICE, "stopTimeout": 30}
    made = setting.made(inputs)
    assert setting.engine.named("web").config["StopTimeout"] == 30
    assert not setting.next_up(made, inputs).changed
    assert setting.next_up(made, {**inputs, "stopTimeout": 60}).replacing == ["stopTimeout"]


def test_a_new_image_under_the_same_name_is_no_change(setting: Setting) -> None:
    made = setting.made(SERVICE)
    setting.engine.images[IMAGE] = "sha256:another"
    assert not setting.next_up(made, SERVICE).changed


def test_a_removed_container_is_found_by_a_refresh_only(setting: Setting) -> None:
    made = setting.made(SERVICE)
    setting.engine.remove_container("web", force=True)
    assert not setting.containers.difference(made, SERVICE).changed
    assert setting.containers.read(made) is None


def test_a_stopped_container_is_replaced(setting: Setting) -> None:
    inputs = {**SERVICE, "ports": [{"internal": 80, "external": 8080, "ip": "127.0.0.1"}]}
    made = setting.made(inputs)
    setting.engine.stop("web")
    found = setting.next_up(made, inputs)
    assert found.changed == ["mustRun", "ports"]
    assert found.replacing == ["ports"]


def test_a_stopped_container_without_ports_is_started_and_not_waited_for(setting: Setting) -> None:
    check = {"tests": ["CMD", "true"], "interval": "1s"}
    inputs = {**SERVICE, "healthcheck": check, "wait": True}
    made = setting.made(inputs)
    setting.engine.stop("web")
    setting.engine.seconds_until_healthy["web"] = math.inf
    found = setting.next_up(made, inputs)
    assert (found.changed, found.replacing) == (["mustRun"], [])
    setting.containers.update(setting.refreshed(made), inputs)
    assert setting.engine.named("web").running


def test_a_lost_network_is_not_read_back(setting: Setting) -> None:
    Network(setting.client).create("network", {"name": "net"})
    inputs = {**SERVICE, "networksAdvanced": [{"name": "net", "aliases": ["web"]}]}
    made = setting.made(inputs)
    setting.engine.disconnect("net", "web")
    assert not setting.next_up(made, inputs).changed


def test_a_paused_container_runs_on(setting: Setting) -> None:
    made = setting.made(SERVICE)
    setting.engine.pause("web")
    assert not setting.next_up(made, SERVICE).changed


def test_a_failed_job_is_made_and_left_alone(setting: Setting) -> None:
    setting.engine.job_ends["job"] = JobEnd(3, "boom\n")
    made = setting.made(JOB)
    assert (made.outputs["exitCode"], made.outputs["containerLogs"]) == (3, "boom\n")
    assert not setting.next_up(made, JOB).changed


def test_waiting_for_health_in_vain_leaves_the_container(setting: Setting) -> None:
    setting.engine.seconds_until_healthy["web"] = math.inf
    check = {"tests": ["CMD", "false"], "interval": "1s"}
    with pytest.raises(HalfMadeError, match="container failed to be in healthy state"):
        setting.made({**SERVICE, "healthcheck": check, "wait": True, "waitTimeout": 0.1})
    assert setting.engine.named("web").running


def test_a_start_that_the_engine_refuses_leaves_the_container(setting: Setting) -> None:
    setting.engine.start_refusals["web"] = "port is already allocated"
    with pytest.raises(HalfMadeError, match="Unable to start container: port is already allocated"):
        setting.made(SERVICE)
    assert setting.engine.named("web").status == "created"


def test_an_unknown_option_is_refused(setting: Setting) -> None:
    with pytest.raises(RefusedError, match="does not know gpus"):
        setting.made({**SERVICE, "gpus": "all"})
