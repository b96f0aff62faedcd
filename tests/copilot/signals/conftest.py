import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.copilot.signals.clusters import CLUSTERS
from tests.copilot.signals.written import prometheus_of
from tools.build import ensure
from tools.servers import PROMETHEUS, PROMTOOL, find


@pytest.fixture(scope="session")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that knows the clusters of `clusters.py`."""
    for server in (PROMETHEUS, PROMTOOL):
        if find(server) is None and not shutil.which("go") and os.environ.get("CI") != "true":
            pytest.skip(f"needs {server.name}: install Go, then run `python -m tools build`")
        ensure(server, print)
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with prometheus_of([series for found in CLUSTERS.values() for series in found], folder) as url:
        yield url
