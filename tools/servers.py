"""The servers that the lab and the tests run, and how their binaries are found.

Versions are in the `go.mod` files beside this one. A binary is looked up in this order: its
environment variable, PATH if the version fits, the cache folder, which `tools.build` fills.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolsError

CACHE_VARIABLE = "TEMPORAL_SRE_COPILOT_CACHE"
_HERE = Path(__file__).parent
_VERSION_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Server:
    """One binary: its name, build and version."""

    name: str
    variable: str
    """Environment variable that names a binary to use instead."""
    folder: str
    """Folder of its go.mod, relative to this file."""
    module: str
    package: str
    on_path: tuple[str, ...]
    """Names that distributions use."""
    tags: str = ""
    version_symbol: str = ""
    """Go variable that the linker sets to the version."""
    cold_build_minutes: float = 1
    """Measured on 2 cores with an empty build cache."""
    oldest_on_path: str = ""
    """The oldest version that is used from PATH; empty: the pinned one alone."""

    @property
    def go_folder(self) -> Path:
        return _HERE / self.folder

    @property
    def version(self) -> str:
        """The pinned version as the binary prints it, without a `v`."""
        text = (self.go_folder / "go.mod").read_text()
        found = re.search(rf"^\s*(?:require )?{re.escape(self.module)} v(\S+)", text, re.MULTILINE)
        if not found:
            raise ToolsError(f"{self.go_folder / 'go.mod'} does not require {self.module}")
        # Release 3.16.0 of Prometheus is version v0.316.0 of its module.
        prometheus = re.fullmatch(r"0\.(\d)(\d\d)\.(\d+)", found[1])
        if prometheus:
            return f"{prometheus[1]}.{int(prometheus[2])}.{prometheus[3]}"
        return found[1]

    @property
    def linker_flags(self) -> str:
        stamp = f" -X {self.version_symbol}={self.version}" if self.version_symbol else ""
        return f"-s -w{stamp}"

    @property
    def cached(self) -> Path:
        """Path of its build; the name changes with every input of the build."""
        inputs = hashlib.sha256()
        for part in (
            (self.go_folder / "go.mod").read_bytes(),
            (self.go_folder / "go.sum").read_bytes(),
            f"{self.package} {self.tags} {self.linker_flags}".encode(),
            f"{platform.system()} {platform.machine()}".encode(),
        ):
            inputs.update(part + b"\0")
        return cache_folder() / "bin" / f"{self.name}-{self.version}-{inputs.hexdigest()[:12]}"


_PROMETHEUS_VERSION = "github.com/prometheus/common/version.Version"
_TEMPORAL = "go.temporal.io/server"

TEMPORAL_SERVER = Server(
    "temporal-server",
    "TEMPORAL_SERVER_BIN",
    "temporal",
    _TEMPORAL,
    f"{_TEMPORAL}/cmd/server",
    ("temporal-server",),
    tags="disable_grpc_modules",
    cold_build_minutes=3.5,
)
TEMPORAL_SQL_TOOL = Server(
    "temporal-sql-tool",
    "TEMPORAL_SQL_TOOL_BIN",
    "temporal",
    _TEMPORAL,
    f"{_TEMPORAL}/cmd/tools/sql",
    ("temporal-sql-tool",),
    tags="disable_grpc_modules",
    cold_build_minutes=0.5,
)
TEMPORAL_ELASTICSEARCH_TOOL = Server(
    "temporal-elasticsearch-tool",
    "TEMPORAL_ELASTICSEARCH_TOOL_BIN",
    "temporal",
    _TEMPORAL,
    f"{_TEMPORAL}/cmd/tools/elasticsearch",
    ("temporal-elasticsearch-tool",),
    tags="disable_grpc_modules",
    cold_build_minutes=0.3,
)
TEMPORAL_UI = Server(
    "temporal-ui",
    "TEMPORAL_UI_BIN",
    "ui",
    "github.com/temporalio/ui-server/v2",
    "github.com/temporalio/ui-server/v2/cmd/server",
    ("temporal-ui-server", "temporal-ui", "ui-server"),
    cold_build_minutes=0.5,
)
PROMETHEUS = Server(
    "prometheus",
    "PROMETHEUS_BIN",
    "prometheus",
    "github.com/prometheus/prometheus",
    "github.com/prometheus/prometheus/cmd/prometheus",
    ("prometheus",),
    tags="netgo,remove_all_sd",
    version_symbol=_PROMETHEUS_VERSION,
    cold_build_minutes=3,
    # What a distribution has is enough: the lab uses nothing newer.
    oldest_on_path="2.45.0",
)
PROMTOOL = Server(
    "promtool",
    "PROMTOOL_BIN",
    "prometheus",
    "github.com/prometheus/prometheus",
    "github.com/prometheus/prometheus/cmd/promtool",
    ("promtool",),
    tags="netgo,remove_all_sd",
    version_symbol=_PROMETHEUS_VERSION,
    cold_build_minutes=1,
)
TOXIPROXY = Server(
    "toxiproxy",
    "TOXIPROXY_BIN",
    "toxiproxy",
    "github.com/Shopify/toxiproxy/v2",
    "github.com/Shopify/toxiproxy/v2/cmd/server",
    ("toxiproxy-server", "toxiproxy"),
    version_symbol="github.com/Shopify/toxiproxy/v2.Version",
    cold_build_minutes=0.3,
)
PULUMI = Server(
    "pulumi",
    "PULUMI_BIN",
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ("pulumi",),
    version_symbol="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
    cold_build_minutes=5.5,
)
COMPOSE = Server(
    "docker-compose",
    "COMPOSE_BIN",
    "compose",
    "github.com/docker/compose/v2",
    "github.com/docker/compose/v2/cmd",
    ("docker-compose",),
    version_symbol="github.com/docker/compose/v2/internal.Version",
    cold_build_minutes=4,
)
"""For `make bench` alone, so that it is not among SERVERS."""
SERVERS = (
    TEMPORAL_SERVER,
    TEMPORAL_SQL_TOOL,
    TEMPORAL_ELASTICSEARCH_TOOL,
    TEMPORAL_UI,
    PROMETHEUS,
    TOXIPROXY,
    PROMTOOL,
    PULUMI,
)
"""In the order in which they are built: first those of a lab, for which most tests wait."""


def cache_folder() -> Path:
    """Return `TEMPORAL_SRE_COPILOT_CACHE`, or a folder in the user's cache."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    return Path.home() / ".cache" / "temporal-sre-copilot"


def find(server: Server) -> Path | None:
    """Return the binary, or None if it is missing.

    Raises ToolsError when the environment variable does not name an executable.
    """
    chosen = os.environ.get(server.variable)
    if chosen:
        if not os.access(chosen, os.X_OK) or Path(chosen).is_dir():
            raise ToolsError(
                f"{server.variable}={chosen} is not an executable file: correct it, or unset it"
            )
        return Path(chosen)
    for name in server.on_path:
        found = shutil.which(name)
        if found and _fits(server, printed_version(found)):
            return Path(found)
    return server.cached if os.access(server.cached, os.X_OK) else None


def _fits(server: Server, version: str | None) -> bool:
    if version is None or not server.oldest_on_path:
        return version == server.version
    return _numbers(version) >= _numbers(server.oldest_on_path)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def printed_version(binary: str) -> str | None:
    """Return the version that `binary --version` prints, if any."""
    try:
        answer = subprocess.run(
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version v?(\d+\.\d+\.\d+)", answer.stdout + answer.stderr, re.IGNORECASE)
    return found[1] if found else None
