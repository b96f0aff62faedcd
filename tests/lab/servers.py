"""The servers that the tests of a real lab need."""

import os
import shutil

import pytest

from lab.binaries import SERVERS, build
from tools import opensearch
from tools.servers import find


def require_servers() -> None:
    """Build missing servers. Without Go the test is skipped with the reason, or fails in CI."""
    missing = [server.name for server in SERVERS if find(server) is None]
    if missing and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip(f"needs {', '.join(missing)}: install Go, then run `python -m tools build`")
    build(print)


def require_opensearch() -> None:
    """Get OpenSearch. Without Java or Maven the test is skipped with the reason, or fails in CI."""
    lacking = opensearch.missing()
    if lacking and os.environ.get("CI") != "true":
        pytest.skip(lacking)
    opensearch.ensure_jars(print)
