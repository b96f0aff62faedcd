"""Every style on recorded expositions: names, units, label values, and roles of one process."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from copilot.signals.catalog import BY_NAME, CATALOG
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.measure import measure
from copilot.signals.measurement import Measurement, SizeKind
from copilot.signals.prometheus import MetricsClient
from copilot.signals.reading import Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.style import OPENTELEMETRY, Style, Unit
from tests.copilot.signals.backfilled_prometheus import running_prometheus
from tests.copilot.signals.conftest import build_prometheus
from tests.copilot.signals.expositions import growing, quantile, read, with_prefix, without_endings
from tests.fakes.http_server import Request, Response, serving
from tests.waiting import until_async

PLAIN, OTEL = read("plain-1.32.0"), read("opentelemetry-1.31.0")
PLAIN_STYLE = Style(counter="", timer="", dimensionless="", unit=Unit.SECONDS, rewrites_values=True)
WITHIN_SECONDS = 240
TEXT = {"Content-Type": "text/plain; version=0.0.4"}
SHORT, LONG = 15, 30
CLUSTERS = {
    "plain": (PLAIN, PLAIN_STYLE, False),
    "plain-prefixed": (with_prefix(PLAIN, "acme_"), replace(PLAIN_STYLE, prefix="acme_"), False),
    "plain-native": (PLAIN, replace(PLAIN_STYLE, native=True), True),
    "plain-exported": (PLAIN, replace(PLAIN_STYLE, exported_namespace=True), False),
    "opentelemetry-exported": (
        OTEL,
        replace(OPENTELEMETRY, native=True, exported_namespace=True),
        True,
    ),
    "opentelemetry": (OTEL, OPENTELEMETRY, False),
    "opentelemetry-newer": (
        without_endings(OTEL, "_ratio"),
        replace(OPENTELEMETRY, dimensionless=""),
        False,
    ),
    "opentelemetry-bare": (
        without_endings(OTEL, "_total", "_milliseconds", "_ratio", "_bytes"),
        replace(PLAIN_STYLE, unit=Unit.MILLISECONDS),
        False,
    ),
    "opentelemetry-native": (OTEL, replace(OPENTELEMETRY, native=True), True),
}
"""Exposition, style, and whether Prometheus makes native histograms of it."""


def respond_with(now: Callable[[], str]) -> Callable[[Request], Response]:
    return lambda _: Response(now(), headers=TEXT)


@pytest.fixture(scope="module")
def scraped_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that scrapes a process with all roles for each cluster."""
    build_prometheus()
    with ExitStack() as stack:
        jobs = []
        for name, (text, style, native) in CLUSTERS.items():
            url = stack.enter_context(serving(respond_with(growing(text))))
            labels = {"cluster": name}
            if style.exported_namespace:
                labels["namespace"] = "of-the-pod"
            target = {"targets": [url.removeprefix("http://")], "labels": labels}
            jobs.append(
                {
                    "job_name": name,
                    "static_configs": [target],
                    "convert_classic_histograms_to_nhcb": native,
                }
            )
        settings = {"scrape_interval": "3s", "scrape_timeout": "3s"}
        configuration = json.dumps({"global": settings, "scrape_configs": jobs})
        folder = tmp_path_factory.mktemp("prometheus")
        yield stack.enter_context(running_prometheus(configuration, folder))


@pytest.fixture
async def client(scraped_url: str) -> AsyncIterator[MetricsClient]:
    async with MetricsClient(scraped_url, timeout_seconds=60, budget_seconds=600) as client:
        yield client


_MEASURED: dict[str, tuple[Measurement, KnownCluster]] = {}


async def measured(client: MetricsClient, cluster: str) -> tuple[Measurement, KnownCluster]:
    """What is read when two scrapes have been made, and the style that was found; once."""
    if cluster in _MEASURED:
        return _MEASURED[cluster]
    known = KnownCluster()

    async def see() -> Measurement | None:
        found = await measure(
            client,
            cluster=cluster,
            short=SHORT,
            long=LONG,
            scrape=3,
            stale_after=60,
            known=known,
        )
        whole = found.readings[S.STATE_TRANSITIONS_RATE].value and found.outcomes and found.largest
        return found if whole else None

    found = await until_async(see, WITHIN_SECONDS, f"workflow updates of {cluster} are read")
    assert found
    _MEASURED[cluster] = found, known
    return found, known


@pytest.mark.parametrize("name", CLUSTERS)
async def test_the_style_is_found_and_every_signal_is_read(
    client: MetricsClient, name: str
) -> None:
    found, known = await measured(client, name)
    assert known.style == CLUSTERS[name][1]
    assert found.targets == dict.fromkeys(Role, Reading.of(1))
    for signal in CATALOG:
        if signal.explains or signal.absent_when_healthy:
            continue
        assert found.readings[signal.name].value is not None, signal.name


@pytest.mark.parametrize("name", CLUSTERS)
@pytest.mark.parametrize(
    ("signal", "histogram", "labels"),
    [
        (S.PERSISTENCE_LATENCY_P95, "persistence_latency", ('service_name="history"',)),
        (
            S.UPDATE_LATENCY_P95,
            "persistence_latency",
            ('service_name="history"', 'operation="UpdateWorkflowExecution"'),
        ),
        (S.SHARD_IO_WAIT_P95, "semaphore_latency", ('operation="ShardInfo"',)),
        (S.VISIBILITY_LAG_P95, "task_latency_queue", ('task_type="VisibilityTask',)),
    ],
)
async def test_times_are_in_the_unit_of_their_signal(
    client: MetricsClient, name: str, signal: S, histogram: str, labels: tuple[str, ...]
) -> None:
    text, style, _ = CLUSTERS[name]
    expected = quantile(text, 0.95, f"{style.histogram('timer', histogram)}_bucket", *labels)
    seconds = expected / (1 if style.unit is Unit.SECONDS else 1000)
    found, _ = await measured(client, name)
    read = found.readings[signal].value
    wanted = seconds if BY_NAME[signal].unit == "s" else seconds * 1000
    assert read == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize("name", CLUSTERS)
async def test_sizes_are_read_in_every_style(client: MetricsClient, name: str) -> None:
    """By the highest bound of the buckets that are used, whatever holds them."""
    found, _ = await measured(client, name)
    alike, _ = await measured(client, name.partition("-")[0])
    assert {size.kind for size in found.largest} == set(SizeKind)
    assert found.largest == alike.largest


@pytest.mark.parametrize("name", CLUSTERS)
async def test_temporals_own_work_is_left_out(client: MetricsClient, name: str) -> None:
    """Also where `temporal-system` is written `temporal_system`."""
    found, _ = await measured(client, name)
    assert {outcome.namespace for outcome in found.outcomes} == {"default"}
    assert {queue.namespace for queue in found.active_queues} == {"default"}
    assert not [queue for queue in found.active_queues if "sys" in queue.name]
    assert found.readings[S.PERSISTENCE_ERROR_RATE] == Reading.of(0)
