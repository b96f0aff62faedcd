"""The servers that the tests of a real lab need."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.binaries import SERVERS, build
from lab.cluster import Lab
from tools import opensearch
from tools.servers import PROMETHEUS, find


def require_servers(*, quick: bool = False) -> None:
    """Build the missing servers of a lab, or of a quick one.

    Without Go the test is skipped with the reason, or fails in CI.
    """
    servers = (PROMETHEUS,) if quick else SERVERS
    missing = [server.name for server in servers if find(server) is None]
    if missing and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip(f"needs {', '.join(missing)}: install Go, then run `python -m tools build`")
    build(print, quick=quick)


def require_opensearch() -> None:
    """Get OpenSearch. Without Java or Maven the test is skipped with the reason, or fails in CI."""
    lacking = opensearch.missing()
    if lacking and os.environ.get("CI") != "true":
        pytest.skip(lacking)
    opensearch.ensure_jars(print)


@contextmanager
def running_lab(*, histories: int = 1) -> Iterator[Lab]:
    """A running lab on free ports, without load and without the Copilot.

    The scrape interval is 2 s, because a scrape of a busy machine may take more than one.
    """
    require_servers()
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", scrape_seconds=2, histories=histories)
        lab.up()
        try:
            yield lab
        finally:
            lab.down(delete=True)
