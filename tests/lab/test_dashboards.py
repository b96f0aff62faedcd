"""Every query of the dashboards on a real cluster under load: series, or the reason why not."""

import asyncio
import mmap
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from copilot.signals.instant_query import Answer
from copilot.signals.prometheus import MetricsClient
from grafana.dashboard import PromQL
from grafana.provisioning import all_queries
from lab.cluster import Lab
from tests.grafana.exported_metrics import metrics_of
from tests.grafana.variables import expand_variables
from tools.servers import TEMPORAL_SERVER, find

WITHIN_SECONDS = 240
FAST = {
    "COPILOT_CYCLE_SECONDS": "3",
    "COPILOT_SHORT_WINDOW_SECONDS": "10",
    "COPILOT_LONG_WINDOW_SECONDS": "20",
}
REASONS = {
    expand_variables(query.expr, short="10s", long="20s"): query.absent_when_healthy
    for _, _, query in all_queries()
    if isinstance(query, PromQL)
}
# Exported by others than the server: the Copilot, the DSQL fork, the SDK of the users' workers.
OTHERS = ("copilot_", "dsql_", "temporal_")
ALWAYS = [expr for expr, reason in REASONS.items() if not reason]


@pytest.fixture(scope="module")
def busy(lab: Lab) -> Iterator[Lab]:
    """The lab under load, with the Copilot beside it."""
    lab.start_copilot(FAST)
    lab.start_load(rate=2)
    yield lab
    lab.stop_load()
    lab.stop_copilot()


@pytest.fixture
async def prometheus(busy: Lab) -> AsyncIterator[MetricsClient]:
    endpoint = busy.environment()["PROMETHEUS_ENDPOINT"]
    async with MetricsClient(endpoint, concurrency=4, timeout_seconds=60) as client:
        yield client


def wrong(answers: dict[str, Answer]) -> dict[str, str]:
    """The queries that were refused, or are silent without a reason."""
    refused = {expr: answer.detail for expr, answer in answers.items() if answer.absence}
    return {expr: "silent" for expr in ALWAYS if not answers[expr].samples} | refused


async def test_every_query_returns_series_or_says_why_not(prometheus: MetricsClient) -> None:
    deadline = asyncio.get_running_loop().time() + WITHIN_SECONDS
    while wrong(answers := await prometheus.query_all(REASONS)):
        assert asyncio.get_running_loop().time() < deadline, wrong(answers)
        await asyncio.sleep(1)


def rare_metrics() -> set[str]:
    """Of the server's metrics those that only queries with a reason read, as it defines them."""
    read = {name for expr in REASONS if expr not in ALWAYS for name in metrics_of(expr)}
    read -= {name for expr in ALWAYS for name in metrics_of(expr)}
    suffix = re.compile(r"(_milliseconds|_ratio)?(_bucket|_count|_total)?$")
    return {suffix.sub("", name, count=1) for name in read if not name.startswith(OTHERS)}


@pytest.mark.usefixtures("busy")
def test_the_server_knows_what_rarely_happens() -> None:
    """A counter is exported from its first event on; until then only the binary has its name."""
    binary = find(TEMPORAL_SERVER)
    assert binary
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        unknown = {name for name in rare_metrics() if text.find(name.encode()) < 0}
        assert text.find(b"workflow_misspelt") < 0
    assert rare_metrics()
    assert unknown == set()
