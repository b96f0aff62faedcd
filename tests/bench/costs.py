"""The costs of a cycle, an evaluation and a response of the API, and the processes' memory."""

import asyncio
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import httpx

from copilot import settings
from copilot.replay.evaluated import evaluate_again
from copilot.replay.snapshot_file import SnapshotLine, read_snapshots
from copilot.signals.measure import measure as measure_signals
from copilot.signals.prometheus import MetricsClient
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import Snapshot
from lab.cluster import Lab
from tests.bench.figure import Figure, percentile
from tests.bench.running import Report, Running, running
from tests.builders import cycle_time, queue_facts, snapshot

CYCLES = 40
REQUESTS_PER_SECOND = 100
REQUESTS = 1500
CYCLES_A_DAY = 2880
EVALUATIONS = 1000


def measure(report: Report) -> list[Figure]:
    """All figures except detection, from one lab under load."""
    figures = _evaluations()
    with running() as copilot:
        report(f"first verdict after {copilot.first_verdict_seconds:.1f} s")
        copilot.watch.cycles(1, within=60)
        figures.append(Figure("first verdict", copilot.first_verdict_seconds, "s", 45))
        figures += _queries(copilot.lab)
        figures += asyncio.run(_api(copilot))
        figures += _memory(copilot.lab)
    return figures


def _evaluations() -> list[Figure]:
    """Cycles a second: of `evaluate` alone, and of a whole replay, which reads the file too."""
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "past.jsonl"
        file.write_bytes(b"".join(SnapshotLine(**dict(one)).as_line() for one in _past()))
        begin = time.perf_counter()
        count = sum(1 for _ in evaluate_again(read_snapshots(str(file))))
        replayed = count / (time.perf_counter() - begin)
        few = list(islice(read_snapshots(str(file)), EVALUATIONS))
    # Of CPU time: the machine may be busy with something else.
    begin = time.process_time()
    evaluated = sum(1 for _ in evaluate_again(few)) / (time.process_time() - begin)
    return [
        Figure("evaluations", evaluated, "1/s", 3000, at_most=False),
        Figure("replay of a file", replayed, "cycles/s"),
    ]


def _past() -> Iterator[Snapshot]:
    """A day of cycles; in each hour the persistence is slow for six minutes."""
    slow = {SignalName.PERSISTENCE_LATENCY_P95: 900.0}
    queues = [queue_facts(f"queue-{number}") for number in range(5)]
    for cycle in range(CYCLES_A_DAY):
        yield snapshot(cycle_time(cycle), slow if cycle % 120 < 12 else None, queues=queues)


def _queries(lab: Lab) -> list[Figure]:
    """Milliseconds of all metric queries of one cycle, with the worker's settings."""
    with mock.patch.dict(os.environ, lab.environment()):
        configured = settings.load()
    millis = asyncio.run(_cycle_times(configured))
    return [
        Figure("queries of a cycle, p50", percentile(millis, 0.5), "ms"),
        Figure("queries of a cycle, p95", percentile(millis, 0.95), "ms", 500),
    ]


async def _cycle_times(configured: settings.Settings) -> list[float]:
    async with MetricsClient(
        configured.prometheus_endpoint,
        concurrency=configured.query_concurrency,
        timeout_seconds=configured.query_timeout_seconds,
    ) as client:
        millis = []
        for _ in range(CYCLES):
            begin = time.perf_counter()
            await measure_signals(
                client,
                cluster=configured.cluster,
                short=configured.short_window_seconds,
                long=configured.long_window_seconds,
                scrape=configured.scrape_seconds,
                stale_after=configured.stale_after_seconds,
            )
            millis.append(1000 * (time.perf_counter() - begin))
        return millis


async def _api(copilot: Running) -> list[Figure]:
    """Milliseconds of `/status` at a steady 100 requests a second, sent on schedule."""
    url = f"http://127.0.0.1:{copilot.lab.state.published.copilot_api}"
    millis: list[float] = []
    async with httpx.AsyncClient(base_url=url, timeout=10) as http, asyncio.TaskGroup() as group:
        begin = time.perf_counter()
        for number in range(REQUESTS):
            await asyncio.sleep(begin + number / REQUESTS_PER_SECOND - time.perf_counter())
            group.create_task(_request(http, millis))
    return [
        Figure("API p50 at 100 requests/s", percentile(millis, 0.5), "ms"),
        Figure("API p95 at 100 requests/s", percentile(millis, 0.95), "ms", 50),
    ]


async def _request(http: httpx.AsyncClient, millis: list[float]) -> None:
    begin = time.perf_counter()
    (await http.get("/status")).raise_for_status()
    millis.append(1000 * (time.perf_counter() - begin))


def _memory(lab: Lab) -> list[Figure]:
    return [
        Figure(f"resident memory of {process.name}", process.rss_mib or 0, "MiB", 250)
        for process in lab.status().processes
        if process.name in ("copilot-worker", "copilot-api")
    ]
