"""The lab's visibility store with Elasticsearch's API: OpenSearch, its indices and its faults."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx

from lab.binaries import binary
from lab.errors import LabError
from lab.loopback import CLIENT, succeeds
from lab.ports import HOST
from lab.processes import server_environment
from tools import servers

MONITORED_INDEX = "temporal_visibility_v1_dev"
COPILOT_INDEX = "temporal_visibility_v1_copilot"
"""As in the stacks."""

_SCRIPT = Path(__file__).parent.parent / "docker" / "elasticsearch" / "create-indices.sh"
_SCRIPT_SECONDS = 180
_CALL_SECONDS = 60
_WATERMARK = "cluster.routing.allocation.disk.watermark"
_FREE = {f"{_WATERMARK}.{name}": "1mb" for name in ("low", "high", "flood_stage")}
# More than any disk has free.
_FULL = dict.fromkeys(_FREE, "1000000gb")


class VisibilityStore:
    """The one node of a lab in `folder`, with an index for each Temporal cluster."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._url = f"http://{HOST}:{port}"

    def is_ready(self) -> bool:
        return succeeds(f"{self._url}/_cluster/health?wait_for_status=yellow&timeout=1s")

    def of_cluster(self, index: str) -> dict[str, object]:
        """The store of a Temporal cluster in the server's configuration."""
        return {
            "elasticsearch": {
                "version": "v8",
                "url": {"scheme": "http", "host": f"{HOST}:{self._port}"},
                "indices": {"visibility": index},
                "logLevel": "error",
            }
        }

    def create_indices(self, indices: Sequence[str] = (MONITORED_INDEX, COPILOT_INDEX)) -> None:
        """Create Temporal's template and the missing indices, as the stacks' job does.

        Raises LabError.
        """
        # The script runs the tool by its name.
        tool = self._folder / "bin" / servers.TEMPORAL_ELASTICSEARCH_TOOL.name
        tool.parent.mkdir(exist_ok=True)
        tool.unlink(missing_ok=True)
        tool.symlink_to(binary(servers.TEMPORAL_ELASTICSEARCH_TOOL))
        try:
            subprocess.run(
                ["/bin/sh", str(_SCRIPT), *indices],
                env={
                    **server_environment(),
                    "ES_SERVER": self._url,
                    "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
                },
                check=True,
                capture_output=True,
                text=True,
                timeout=_SCRIPT_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            output = " | ".join((error.stdout + error.stderr).strip().splitlines()[-2:])
            raise LabError(f"creating the visibility indices failed: {output}") from error
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"creating the visibility indices took more than {_SCRIPT_SECONDS} s"
            ) from error

    def fill_disk(self, full: bool) -> None:
        """Let the node take its disk for full: at its next measurement it blocks writes."""
        self.call("PUT", "/_cluster/settings", {"transient": _FULL if full else _FREE})

    def delete_index(self) -> None:
        """Delete the monitored cluster's index."""
        self.call("DELETE", f"/{MONITORED_INDEX}?ignore_unavailable=true")

    def spoil_index(self) -> None:
        """Replace the monitored cluster's index by one that refuses what Temporal writes."""
        self.delete_index()
        # The id of a run is not a number.
        fields = {"RunId": {"type": "long"}}
        self.call("PUT", f"/{MONITORED_INDEX}", {"mappings": {"properties": fields}})

    def recreate_index(self) -> None:
        """Replace the monitored cluster's index by a new one."""
        self.delete_index()
        self.create_indices()

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Call the API of the node. Raises LabError."""
        try:
            response = CLIENT.request(
                method, f"{self._url}{path}", json=body, timeout=_CALL_SECONDS
            )
        except httpx.TransportError as error:
            raise LabError(f"the visibility store does not answer: {error}") from error
        if not response.is_success:
            raise LabError(f"the visibility store refused {method} {path}: {response.text.strip()}")
        return response


def write_config(folder: Path) -> None:
    """Write `opensearch.yml`, as JSON, which is YAML."""
    folder.mkdir(exist_ok=True)
    config = {
        "discovery.type": "single-node",
        "network.host": HOST,
        # Any free one: nothing connects to it.
        "transport.port": 0,
        # How often the disk is measured; the least that it accepts.
        "cluster.info.update.interval": "10s",
        # How soon after a full disk new indices are allowed; by default a minute.
        "cluster.routing.allocation.disk.reroute_interval": "1s",
        **_FREE,
    }
    (folder / "opensearch.yml").write_text(json.dumps(config, indent=2))
