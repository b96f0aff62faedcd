"""One real lab for the whole session."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cluster import Lab
from tests.lab.servers import require_servers


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A running lab on free ports, without load and without the Copilot.

    The scrape interval is 2 s, because a scrape of a busy machine may take more than one. A test
    that starts a load or the Copilot, or injects a fault, ends it.
    """
    require_servers()
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", scrape_seconds=2)
        lab.up()
        try:
            yield lab
        finally:
            lab.down(delete=True)
