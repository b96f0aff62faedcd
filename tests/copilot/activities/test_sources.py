"""The sources of clusters, which may be replaced while a cycle uses them."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from copilot.activities.models import CollectRequest
from copilot.activities.sources import MonitoredClusters
from copilot.clusters.folder import ClustersFolder
from copilot.errors import UnknownClusterError
from copilot.settings import Settings
from copilot.store.repository import Repository
from copilot.worker.metrics import WorkerMetrics
from tests.copilot.worker.process import REFUSING_ADDRESS
from tests.fakes.http_source import Reply, fake_metrics_store, vector
from tests.waiting import until_async

SECONDS = 60


def write(folder: Path, endpoint: str, address: str) -> None:
    (folder / "a.yaml").write_text(
        f"cluster: a\ncanary: off\nmonitored_address: {address}\nprometheus_endpoint: {endpoint}\n"
    )


async def test_a_cycle_ends_with_the_clients_that_it_began_with(tmp_path: Path) -> None:
    url = f"postgresql://copilot:copilot@{REFUSING_ADDRESS}/copilot"
    settings = Settings.model_construct(cycle_seconds=SECONDS)
    metrics = WorkerMetrics(CollectorRegistry(), late_after_seconds=90)
    async with (
        fake_metrics_store(lambda _: Reply(vector(), after_seconds=1)) as store,
        Repository.open(url) as repository,
    ):
        write(tmp_path, store.url, REFUSING_ADDRESS)
        read = ClustersFolder(tmp_path).read
        async with MonitoredClusters.open(read, settings, repository, metrics) as clusters:

            async def collect() -> bool:
                async with clusters.use("a") as sources:
                    snapshot = await sources.collector.collect(CollectRequest(cluster="a"))
                return snapshot.metrics.source_absence is None

            cycle = asyncio.create_task(collect())
            await until_async(lambda: bool(store.forms), SECONDS, "the cycle reads metrics")
            write(tmp_path, store.url, "127.0.0.2:9")
            await clusters.refresh()
            assert await cycle
            assert await collect()


async def test_a_cluster_is_found_in_a_file_that_was_written_just_now(tmp_path: Path) -> None:
    url = f"postgresql://copilot:copilot@{REFUSING_ADDRESS}/copilot"
    metrics = WorkerMetrics(CollectorRegistry(), late_after_seconds=90)
    read = ClustersFolder(tmp_path).read
    async with (
        Repository.open(url) as repository,
        MonitoredClusters.open(read, Settings.model_construct(), repository, metrics) as clusters,
    ):
        with pytest.raises(UnknownClusterError, match="a"):
            async with clusters.use("a"):
                pass
        write(tmp_path, f"http://{REFUSING_ADDRESS}", REFUSING_ADDRESS)
        async with clusters.use("a") as sources:
            assert sources.cluster.cluster == "a"
