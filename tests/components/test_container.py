"""Arguments of containers: what the engine reads back must be what was written."""

from dataclasses import replace

import pytest

from components.container import Surroundings, go_duration
from components.container_service import ContainerService
from components.healing import Healing
from components.service import File, Mount, Port, Probe, ReadyUrl, Service
from tests.components.pulumi_run import Made, run

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


def container_of(service: Service) -> Made:
    def program() -> None:
        around = Surroundings(
            stack="local",
            network="net",
            volumes={"data": "copilot-local-data"},
            images={"store": "sha256:1"},
            healing=Healing.of_stack("local"),
        )
        ContainerService(service, around)

    return run(program).containers[service.name]


def test_every_list_is_sorted_so_that_a_second_up_sees_no_difference() -> None:
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
        ("image", "sha256:1"),
    ],
)
def test_what_the_engine_would_fill_in_is_written_out(name: str, value: object) -> None:
    assert container_of(SERVICE).inputs[name] == value


def test_only_who_has_to_reach_this_machine_knows_its_name() -> None:
    assert "hosts" not in container_of(SERVICE).inputs
    assert container_of(replace(SERVICE, reaches_host=True)).inputs["hosts"] == [
        {"host": "host.docker.internal", "ip": "host-gateway"}
    ]


def test_ports_are_published_on_this_machine_only() -> None:
    assert {port["ip"] for port in container_of(SERVICE).inputs["ports"]} == {"127.0.0.1"}


def test_a_folder_of_this_machine_cannot_be_written() -> None:
    folder, volume = container_of(SERVICE).inputs["volumes"]
    assert folder == {
        "containerPath": "/aws",
        "hostPath": "/home/someone/.aws",
        "readOnly": True,
    }
    assert volume == {"containerPath": "/data", "volumeName": "copilot-local-data"}


def test_a_folder_is_written_to_only_where_that_is_said() -> None:
    cache = Mount("/aws/cache", folder="/home/someone/.aws/cache", writable=True)
    (folder,) = container_of(replace(SERVICE, mounts=(cache,))).inputs["volumes"]
    assert folder == {"containerPath": "/aws/cache", "hostPath": "/home/someone/.aws/cache"}


def test_a_probe_is_waited_for_as_long_as_it_may_fail() -> None:
    inputs = container_of(SERVICE).inputs
    assert inputs["wait"] is True
    assert inputs["waitTimeout"] == 90 + 40 * 3
    assert inputs["healthcheck"] == {
        "tests": ["CMD", "is-ready"],
        "interval": "3s",
        "timeout": "5s",
        "retries": 40,
        "startPeriod": "1m30s",
    }


def test_a_shell_probe_keeps_its_form() -> None:
    service = replace(SERVICE, health=Probe(("CMD-SHELL", "nc -z x 1")))
    assert container_of(service).inputs["healthcheck"]["tests"] == ["CMD-SHELL", "nc -z x 1"]


def test_without_a_probe_nothing_is_waited_for() -> None:
    inputs = container_of(replace(SERVICE, health=ReadyUrl("http://store:1/"))).inputs
    assert "wait" not in inputs
    assert "healthcheck" not in inputs


def test_a_changed_probe_makes_a_new_container_after_the_old_one_is_gone() -> None:
    request = container_of(SERVICE).request
    assert list(request.replaceOnChanges) == ["healthcheck"]
    assert request.deleteBeforeReplace


def test_what_an_interrupted_up_left_is_removed_first() -> None:
    hooks = container_of(SERVICE).request.hooks
    assert list(hooks.before_create) == ["remove-left-behind-container"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (2, "2s"), (59, "59s"), (60, "1m0s"), (90, "1m30s"), (3600, "1h0m0s")],
)
def test_durations_are_written_as_the_engine_writes_them(seconds: int, text: str) -> None:
    assert go_duration(seconds) == text
