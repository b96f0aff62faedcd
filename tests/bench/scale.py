"""One worker with 50 clusters: cadence, memory, CPU, rows and bytes of the store, requests.

The 50 clusters are one real cluster under 50 names: every cycle reads real metrics and describes
real queues. Without the canary, whose cost is a figure of its own.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx
import psutil
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from lab.cluster import Lab
from tests.bench.figure import Figure, percentile
from tests.bench.running import Report
from tests.copilot.worker.process import WorkerProcess, running
from tests.waiting import until_async

CLUSTERS = 50
CYCLE_SECONDS = 30
SECONDS = 90
RATE = 2.0
_FIRST_SECONDS = 300
_MEBIBYTE = 1 << 20


def measure(report: Report) -> list[Figure]:
    """Figures of the worker over SECONDS, after the first verdict of every cluster."""
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", quick=True)
        try:
            lab.up()
            lab.start_load(RATE)
            return asyncio.run(_measure(lab, Path(folder) / "clusters", report))
        finally:
            lab.down()


async def _measure(lab: Lab, folder: Path, report: Report) -> list[Figure]:
    environment = lab.environment()
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    for number in range(CLUSTERS):
        (folder / f"{number}.yaml").write_text(
            f"cluster: cluster-{number}\n"
            f"monitored_address: {lab.frontend_address}\n"
            f"prometheus_endpoint: {environment['PROMETHEUS_ENDPOINT']}\n"
            "canary: off\n"
            "labels: {matcher: 'cluster=\"monitored\"'}\n"
        )
    url = environment["COPILOT_DATABASE_URL"]
    variables = {
        "COPILOT_DATABASE_URL": url,
        "TEMPORAL_ADDRESS": environment["TEMPORAL_ADDRESS"],
        "COPILOT_CLUSTERS_FOLDER": str(folder),
    }
    async with running(variables) as worker:

        async def all_judged() -> bool:
            judged = await _counted(worker, "copilot_cycles_total", "judged")
            return len(judged) == CLUSTERS and all(judged.values())

        await until_async(all_judged, _FIRST_SECONDS, "a verdict of every cluster", 1)
        process = psutil.Process(worker.process.pid)
        began = time.time()
        cpu, queries, calls = _cpu(process), await _queries(environment), await _calls(lab)
        memory = 0
        while time.time() - began < SECONDS:
            await asyncio.sleep(1)
            memory = max(memory, process.memory_info().rss)
        elapsed = time.time() - began
        cpu = _cpu(process) - cpu
        queries, calls = await _queries(environment) - queries, await _calls(lab) - calls
        gaps, rows, size = _stored(url, began)
    cycles = CLUSTERS * elapsed / CYCLE_SECONDS
    report(
        f"{CLUSTERS} clusters: {len(gaps)} cycles, at most {max(gaps):.1f} s apart,"
        f" {cpu / elapsed:.2f} cores, {memory / _MEBIBYTE:.0f} MiB"
    )
    name = f"{CLUSTERS} clusters on a worker"
    return [
        Figure(f"{name}: time between two cycles, p99", percentile(gaps, 0.99), "s", 33),
        Figure(f"{name}: memory", memory / _MEBIBYTE, "MiB", 600),
        Figure(f"{name}: CPU, in percent of a core", 100 * cpu / elapsed, "%"),
        Figure("a cycle: CPU of the worker", 1000 * cpu / cycles, "ms"),
        Figure("a cycle: requests to the metrics store", queries / cycles, ""),
        Figure("a cycle: calls to the frontend", calls / cycles, ""),
        Figure("a cycle: rows in the store", rows, ""),
        Figure("a cycle: bytes in the store", size, "B"),
    ]


def _cpu(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


async def _counted(worker: WorkerProcess, name: str, outcome: str) -> dict[str, float]:
    response = await worker.get("/metrics")
    return {
        sample.labels["cluster"]: sample.value
        for family in text_string_to_metric_families(response.text if response else "")
        for sample in family.samples
        if sample.name == name and sample.labels["outcome"] == outcome
    }


async def _queries(environment: dict[str, str]) -> float:
    """Requests that Prometheus has answered on its API of queries."""
    url = f"{environment['PROMETHEUS_ENDPOINT']}/metrics"
    return await _total(url, "prometheus_http_requests_total", handler="/api/v1/query")


async def _calls(lab: Lab) -> float:
    """Calls that read the cluster, and that the load does not make."""
    url = f"http://127.0.0.1:{lab.state.inner.monitored['frontend'].metrics}/metrics"
    names = ("DescribeTaskQueue", "ListWorkflowExecutions", "GetSystemInfo", "DescribeNamespace")
    totals = [
        await _total(url, "service_requests", operation=name, service_name="frontend")
        for name in names
    ]
    return sum(totals)


async def _total(url: str, name: str, **labels: str) -> float:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        text = (await client.get(url)).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in {name, f"{name}_total"}
        and labels.items() <= sample.labels.items()
        and not sample.name.endswith("_created")
    )


def _stored(url: str, began: float) -> tuple[list[float], float, float]:
    """Seconds between the cycles of each cluster since `began`; rows and bytes of a cycle."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT extract(epoch FROM at - lag(at) OVER (PARTITION BY cluster ORDER BY at)),"
            " extract(epoch FROM at) > %s FROM cycles",
            (began,),
        ).fetchall()
        tables = ("cycles", "state_changes", "issues", "assessments", "remembered_queues")
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            for table in tables
        ]
        size = connection.execute(
            "SELECT avg(pg_column_size(decision) + pg_column_size(snapshot)"
            " + pg_column_size(explanation)) FROM cycles"
        ).fetchone()
    gaps = [float(gap) for gap, is_new in found if gap is not None and is_new]
    rows = sum(count[0] for count in counts if count)
    return gaps, rows / max(1, len(found)), float(size[0]) if size else 0.0
