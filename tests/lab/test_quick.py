"""A quick lab: the plain metrics of one process with all roles, read by the Copilot as it is.

Faults of such a cluster are in test_existing_clusters.py.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cluster import Lab
from lab.errors import LabError
from tests.lab.servers import require_servers
from tests.lab.verdicts.limits import WITHOUT_CPU
from tests.lab.watch import Watch, critical_causes

FAST = {
    "COPILOT_CYCLE_SECONDS": "5",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}
RATE = 2
WITHIN_SECONDS = 240


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A quick lab under load, with the Copilot."""
    require_servers(quick=True)
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", scrape_seconds=2, quick=True)
        lab.up()
        try:
            lab.start_load(RATE)
            lab.start_copilot(FAST)
            yield lab
        finally:
            lab.down(delete=True)


@pytest.fixture(scope="module")
def watch(lab: Lab) -> Iterator[Watch]:
    watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
    yield watch
    watch.close()


def test_a_busy_cluster_is_happy(watch: Watch) -> None:
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    watch.until_steady("happy", 4, WITHIN_SECONDS)
    assert critical_causes(watch) <= WITHOUT_CPU, watch.changes


def test_what_a_quick_lab_cannot_break_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="demo-full"):
        lab.inject("kill-history")


def test_a_quick_lab_stays_one(lab: Lab) -> None:
    with pytest.raises(LabError, match="quick"):
        Lab(lab.folder, quick=False).up()
