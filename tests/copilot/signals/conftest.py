import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.copilot.signals.backfilled_prometheus import backfilled_prometheus
from tests.copilot.signals.clusters import CLUSTERS
from tools.build import ensure
from tools.servers import PROMETHEUS, PROMTOOL, find


def build_prometheus() -> None:
    """Build it where that is needed, or skip the test."""
    for server in (PROMETHEUS, PROMTOOL):
        if find(server) is None and not shutil.which("go") and os.environ.get("CI") != "true":
            pytest.skip(f"needs {server.name}: install Go, then run `python -m tools build`")
        ensure(server, print)


@pytest.fixture(scope="session")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus with the samples of all `CLUSTERS`."""
    build_prometheus()
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with backfilled_prometheus(
        [one for series in CLUSTERS.values() for one in series], folder
    ) as url:
        yield url
