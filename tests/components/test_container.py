"""Arguments of containers, in the form in which the engine returns them."""

from dataclasses import replace

import pytest

from components.cleanup_hooks import CleanupHooks
from components.container import SharedResources
from components.container_service import ContainerService
from components.health_check import READY_INTERVAL, go_duration
from components.workload import File, Mount, Port, Probe, ReadyUrl, Service
from tests.components.pulumi_run import RegisteredResource, run
from tests.fakes.pulumi.go_duration import nanoseconds

SERVICE = Service(
    name="store",
    image="store",
    purpose="keeps things",
    memory_mb=256,
    command=("serve", "--all"),
    environment={"ZONE": "b", "AREA": "a"},
    files=(File("/etc/b", "two"), File("/etc/a", "one")),
    mounts=(Mount("/data", volume="data"), Mount("/aws", folder="/home/someone/.aws")),
    health=Probe(("is-ready",), interval=3, retries=40, start_period=90),
    ports=(Port("store-http", 8000, 18000, page=""), Port("store", 7000, 17000)),
    cluster="copilot",
    capabilities=("CAP_SYS_NICE", "CAP_IPC_LOCK"),
    ulimits={"nofile": 65536, "memlock": -1},
    stop_seconds=10,
)


def container_of(service: Service) -> RegisteredResource:
    def program() -> None:
        shared = SharedResources(
            stack="local",
            network="net",
            volumes={"data": "copilot-local-data"},
            images={"store": "sha256:1"},
            cleanup_hooks=CleanupHooks.for_stack("local"),
            drift=None,
        )
        ContainerService(service, shared)

    return run(program).containers[service.name]


def test_lists_are_sorted_so_that_a_second_up_finds_no_difference() -> None:
    inputs = container_of(SERVICE).inputs
    assert inputs["envs"] == ["AREA=a", "ZONE=b"]
    assert [upload["file"] for upload in inputs["uploads"]] == ["/etc/a", "/etc/b"]
    assert [port["internal"] for port in inputs["ports"]] == [7000, 8000]
    assert [limit["name"] for limit in inputs["ulimits"]] == ["memlock", "nofile"]
    assert [volume["containerPath"] for volume in inputs["volumes"]] == ["/aws", "/data"]
    assert inputs["capabilities"]["adds"] == ["CAP_IPC_LOCK", "CAP_SYS_NICE"]
    labels = [label["label"] for label in inputs["labels"]]
    assert labels == ["io.copilot.cluster", "io.copilot.service", "io.copilot.stack"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "local-store"),
        ("hostname", "store"),
        ("memory", 256),
        ("memorySwap", 256),
        ("networkMode", "bridge"),
        ("networksAdvanced", [{"name": "net", "aliases": ["store"]}]),
        ("logDriver", "json-file"),
        ("logOpts", {"max-file": "3", "max-size": "10m"}),
        ("restart", "unless-stopped"),
        ("mustRun", True),
        ("destroyGraceSeconds", 10),
        ("stopTimeout", 10),
        ("image", "sha256:1"),
    ],
)
def test_values_that_the_engine_would_set_are_explicit(name: str, value: object) -> None:
    assert container_of(SERVICE).inputs[name] == value


def test_only_a_service_that_reaches_this_machine_has_its_host_name() -> None:
    assert "hosts" not in container_of(SERVICE).inputs
    assert container_of(replace(SERVICE, reaches_host=True)).inputs["hosts"] == [
        {"host": "host.docker.internal", "ip": "host-gateway"}
    ]


def test_ports_are_published_on_this_machine_only() -> None:
    assert {port["ip"] for port in container_of(SERVICE).inputs["ports"]} == {"127.0.0.1"}


def test_a_folder_of_this_machine_is_read_only() -> None:
    folder, volume = container_of(SERVICE).inputs["volumes"]
    assert folder == {
        "containerPath": "/aws",
        "hostPath": "/home/someone/.aws",
        "readOnly": True,
    }
    assert volume == {"containerPath": "/data", "volumeName": "copilot-local-data"}


def test_a_folder_is_writable_only_where_the_mount_is() -> None:
    cache = Mount("/aws/cache", folder="/home/someone/.aws/cache", writable=True)
    (folder,) = container_of(replace(SERVICE, mounts=(cache,))).inputs["volumes"]
    assert folder == {"containerPath": "/aws/cache", "hostPath": "/home/someone/.aws/cache"}


def test_a_start_may_take_as_long_as_the_probe_may_fail() -> None:
    assert SERVICE.health == Probe(("is-ready",), interval=3, retries=40, start_period=90)
    assert SERVICE.health.time_limit == 90 + 40 * 3
    inputs = container_of(SERVICE).inputs
    assert "wait" not in inputs
    check = inputs["healthcheck"]
    assert (check["interval"], check["startPeriod"]) == ("1s", "3m30s")
    # A check that waits first must not count as one that hangs.
    assert nanoseconds(check["timeout"]) > READY_INTERVAL * 10**9


@pytest.mark.parametrize(
    ("probe", "command"),
    [
        (Probe(("nc", "-z", "x", "1")), ["nc", "-z", "x", "1"]),
        (Probe(("CMD-SHELL", "nc -z x 1")), ["sh", "-c", "nc -z x 1"]),
    ],
)
def test_a_probe_is_the_argument_of_the_health_check(probe: Probe, command: list[str]) -> None:
    tests = container_of(replace(SERVICE, health=probe)).inputs["healthcheck"]["tests"]
    assert tests[:3] == ["CMD", "sh", "-c"]
    assert tests[-len(command) :] == command


def test_a_service_without_a_probe_has_no_health_check() -> None:
    inputs = container_of(replace(SERVICE, health=ReadyUrl("http://store:1/"))).inputs
    assert "healthcheck" not in inputs


def test_a_changed_probe_replaces_the_container_after_deleting_it() -> None:
    request = container_of(SERVICE).request
    assert list(request.replaceOnChanges) == ["healthcheck"]
    assert request.deleteBeforeReplace


def test_a_leftover_container_is_removed_first() -> None:
    hooks = container_of(SERVICE).request.hooks
    assert list(hooks.before_create) == ["remove-left-behind-container"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (2, "2s"), (59, "59s"), (60, "1m0s"), (90, "1m30s"), (3600, "1h0m0s")],
)
def test_durations_have_the_form_of_the_engine(seconds: int, text: str) -> None:
    assert go_duration(seconds) == text
