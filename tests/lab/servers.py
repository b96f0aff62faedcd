"""What the tests of a real lab need on this machine."""

import os
import shutil

import pytest

from lab.services import SERVERS, build
from tools.servers import find


def require_servers() -> None:
    """Build what is missing. Without Go the test is skipped with the reason, or fails in CI."""
    missing = [server.name for server in SERVERS if find(server) is None]
    if missing and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip(f"needs {', '.join(missing)}: install Go, then run `python -m tools build`")
    build(print)
