"""The server binaries that the lab runs."""

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


def build(progress: Progress = lambda _: None, visibility: Visibility = "sql") -> None:
    """Build the missing binaries; the first time takes minutes. Raises LabError."""
    for server in SERVERS:
        binary(server, progress)
    if visibility == "elasticsearch":
        binary(servers.TEMPORAL_ELASTICSEARCH_TOOL, progress)
        jars(progress)
