"""`up` waits for a service that it created, started or found, and logs why it is not ready."""

import math
import time
from collections.abc import Iterator

import pulumi
import pytest

from components.cleanup_hooks import CleanupHooks
from components.container import SharedResources
from components.container_service import ContainerService
from components.drift import Drift
from components.workload import Mount, Probe, Service
from tests.components.pulumi_run import Run, run
from tests.fakes.docker_engine import daemon
from tests.fakes.docker_engine.memory import JobEnd, MemoryEngine, image_id

SERVICE = Service(
    name="store",
    image="store",
    purpose="keeps things",
    memory_mb=64,
    mounts=(Mount("/data", volume="data"),),
    health=Probe(("is-ready",), interval=1, retries=1),
)
NEXT = Service(
    name="next", image="store", purpose="needs the store", memory_mb=64, health=SERVICE.health
)
# The mocks' ids of the containers; the engine finds them by name.
IDS = {"store": "store-id", "next": "next-id"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryEngine]:
    """An engine on which both containers were created."""
    memory = MemoryEngine()
    memory.images["store:1"] = image_id("store")
    with daemon.serving(memory) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        yield memory


def start(engine: MemoryEngine) -> None:
    for name in IDS.values():
        host = {"NetworkMode": "bridge", "RestartPolicy": {"Name": "unless-stopped"}}
        body = {"Image": "store:1", "Healthcheck": {"Test": ["CMD", "x"]}, "HostConfig": host}
        engine.start(engine.create_container(name, body))


def run_services(drift: Drift | None, *, preview: bool = False) -> Run:
    def program() -> None:
        images, volumes = {"store": "sha256:1"}, {"data": "copilot-local-data"}
        hooks = CleanupHooks.for_stack("local")
        shared = SharedResources("local", "net", volumes, images, hooks, drift)
        store = ContainerService(SERVICE, shared)
        ContainerService(NEXT, shared, depends_on=[store.ready])

    return run(program, preview=preview)


def test_dependents_wait_until_a_service_is_healthy(engine: MemoryEngine) -> None:
    engine.seconds_until_healthy["store-id"] = 0.5
    start(engine)
    assert "store" in run_services(Drift()).containers["next"].depends_on
    assert time.time() >= engine.named("store-id").healthy_at


def test_a_service_that_does_not_get_healthy_ends_the_run_with_its_last_lines(
    engine: MemoryEngine, errors: list[str]
) -> None:
    engine.seconds_until_healthy["store-id"] = math.inf
    start(engine)
    engine.named("store-id").end = JobEnd(1, "".join(f"line {n}\n" for n in range(99)))
    with pytest.raises(pulumi.RunError, match="store"):
        run_services(Drift())
    [message] = errors
    assert "line 98" in message
    assert "line 9\n" not in message
    # Data that it may have created half.
    assert "docker volume rm copilot-local-data" in message


@pytest.mark.parametrize(
    "drift",
    [
        None,
        Drift(serving=frozenset(IDS.values())),
        Drift({"store": "store-id"}, faulty=frozenset(IDS.values())),
    ],
)
def test_a_service_that_this_run_leaves_alone_is_not_awaited(drift: Drift | None) -> None:
    # Without an engine.
    assert "next" in run_services(drift).containers


def test_a_service_that_stays_stopped_was_no_target(engine: MemoryEngine) -> None:
    start(engine)
    engine.stop("store-id")
    drift = Drift(stopped=frozenset({"store-id"}), serving=frozenset({"next-id"}))
    assert "next" in run_services(drift).containers


def test_a_preview_waits_for_nothing() -> None:
    assert "next" in run_services(Drift(), preview=True).containers
