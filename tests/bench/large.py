"""What a cycle costs on a large cluster: time, requests to each source, bytes and rows."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from temporalio.testing import ActivityEnvironment

from copilot.activities.models import CollectRequest
from copilot.health.decision import Memory
from copilot.signals.snapshot import Snapshot
from copilot.store.migrate import migrate
from copilot.store.repository import Repository
from copilot.workflows.payloads import DATA_CONVERTER
from tests.bench.figure import Figure, percentile
from tests.bench.running import Report
from tests.builders import records_of
from tests.copilot.signals.conftest import build_prometheus
from tests.large_cluster import CLUSTER, LargeCluster, large_cluster
from tests.postgres import Postgres

CYCLES = 15
MINUTES = 10
_KIB = 1024
_DAY_CYCLES = 2880


def measure(report: Report) -> list[Figure]:
    """2,000 task queues in 200 namespaces, two of them with a late task."""
    build_prometheus()
    with (
        TemporaryDirectory(prefix="bench-") as name,
        TemporaryDirectory(prefix="bench-") as stored,
    ):
        # Its log is beside its folder.
        server = Path(stored, "postgres")
        server.mkdir()
        Path(stored).chmod(0o755)  # for the user that it runs as
        postgres = Postgres(server)
        postgres.start()
        try:
            with (
                large_cluster(Path(name), MINUTES, whole=True) as cluster,
                postgres.database() as url,
            ):
                report("the large cluster is there")
                return asyncio.run(_measure(cluster, url))
        finally:
            postgres.stop()


async def _measure(cluster: LargeCluster, url: str) -> list[Figure]:
    await migrate(url)
    calls, queries = Counter(cluster.calls()), cluster.queries()
    seconds, snapshots = await _cycles(cluster, url)
    calls, queries = Counter(cluster.calls()) - calls, cluster.queries() - queries
    records = records_of(snapshots, memory=Memory())
    async with Repository.open(url) as repository:
        for record in records:
            await repository.save([record])
            late = [facts for facts in record.snapshot.queues.queues if facts.is_late]
            await repository.remember_queues(CLUSTER, late, record.snapshot.at)
    payloads = await DATA_CONVERTER.encode(list(records))
    json = [len(one.model_dump_json()) for one in snapshots]
    with psycopg.connect(url) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM remembered_queues").fetchone() or (0,)
        size = "SELECT avg(pg_column_size(cycles.*)) FROM cycles"
        (stored,) = connection.execute(size).fetchone() or (0,)
    return [
        Figure("large cluster: a cycle, p50", percentile(seconds, 0.5), "s"),
        Figure("large cluster: a cycle, p95", percentile(seconds, 0.95), "s", 3),
        Figure("large cluster: calls of the frontend in a cycle", calls.total() / CYCLES, "", 300),
        Figure("large cluster: queries in a cycle", queries / CYCLES, "", 16),
        Figure("large cluster: a snapshot as JSON", max(json) / _KIB, "KiB", 200),
        Figure(
            "large cluster: a record as payload",
            max(len(one.data) for one in payloads) / _KIB,
            "KiB",
            100,
        ),
        Figure("large cluster: a cycle in the store", float(stored) / _KIB, "KiB", 100),
        Figure("large cluster: cycles of a day", float(stored) * _DAY_CYCLES / 1e6, "MB"),
        Figure("large cluster: rows of queues", rows, "", 2),
        Figure(
            "large cluster: each queue asked within",
            max(one.queues.round_cycles for one in snapshots) / 2,
            "min",
            15,
        ),
    ]


async def _cycles(cluster: LargeCluster, url: str) -> tuple[list[float], list[Snapshot]]:
    """Consecutive cycles, each with what the one before found, as the loop passes it on."""
    seconds, snapshots = [], list[Snapshot]()
    request = CollectRequest(cluster=CLUSTER)
    async with cluster.collecting(url) as collector:
        for cycle in range(CYCLES):
            begin = time.perf_counter()
            found = await ActivityEnvironment().run(collector.collect, request)
            seconds.append(time.perf_counter() - begin)
            snapshots.append(found)
            queues = found.queues.queues
            request = CollectRequest(
                cluster=CLUSTER,
                cycle=cycle + 1,
                known_queues=tuple(one.key for one in queues if one.is_in_use),
                late_queues=tuple(one.key for one in queues if one.is_late),
                asked_until=found.queues.until,
            )
    return seconds, snapshots
