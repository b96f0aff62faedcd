"""What a cycle, an evaluation and an answer of the API cost, and what the processes hold."""

import asyncio
import os
import time
from unittest import mock

import httpx

from copilot import settings
from copilot.health.decision import Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.measure import measure as measure_signals
from copilot.signals.prometheus import MetricsClient
from lab.cluster import Lab
from tests.bench.figure import Figure, percentile
from tests.bench.running import Running, Say, running
from tests.copilot.health.snapshots import Scene

CYCLES = 40
REQUESTS_PER_SECOND = 100
REQUESTS = 1500
EVALUATION_SECONDS = 2.0


def measure(say: Say) -> list[Figure]:
    """All figures but detection, from one lab under load."""
    figures = [_evaluations()]
    with running() as copilot:
        say(f"first verdict after {copilot.first_verdict_seconds:.1f} s")
        copilot.watch.cycles(1, within=60)
        figures.append(Figure("first verdict", copilot.first_verdict_seconds, "s", 45))
        figures += _queries(copilot.lab)
        figures += asyncio.run(_api(copilot))
        figures += _memory(copilot.lab)
    return figures


def _evaluations() -> Figure:
    snapshot, memory, limits = Scene().build(), Memory(), Thresholds()
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < EVALUATION_SECONDS:
        memory = evaluate(memory, snapshot, limits).memory
        count += 1
    return Figure("evaluations", count / (time.perf_counter() - begin), "1/s")


def _queries(lab: Lab) -> list[Figure]:
    """Milliseconds that all metric queries of one cycle take, asked as the worker asks them."""
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
