"""Elasticsearch, or OpenSearch, as the visibility store of both Temporal clusters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from components.inputs import StringInput
from components.workload import File, Job, Mount, Overwrite, Port, Probe, Service
from stacks.catalogue.files import template
from stacks.catalogue.stores import STORE_STOP_SECONDS

NAME = "elasticsearch"
PORT = 9200
INDICES_JOB = "visibility-indices"
MONITORED_INDEX = "temporal_visibility_v1_dev"
COPILOT_INDEX = "temporal_visibility_v1_copilot"
"""Both names match the pattern of Temporal's index template, which has the mappings."""
VERSION = "v8"
"""Of the API, for Temporal; OpenSearch accepts it too."""
INDICES = (MONITORED_INDEX, COPILOT_INDEX)
_SCRIPT = "/etc/copilot/create-indices.sh"
_WATERMARK = "cluster.routing.allocation.disk.watermark"
_HEALTH = f"http://127.0.0.1:{PORT}/_cluster/health?wait_for_status=yellow&timeout=1s"
_HEAP = "-Xms256m -Xmx256m"


@dataclass(frozen=True)
class Elasticsearch:
    """One node. The image is Elasticsearch's or OpenSearch's."""

    image: str
    """Name of the image, which decides where it has its data."""
    port: int
    ulimits: Mapping[str, int]
    schemas: Mapping[str, tuple[str, StringInput]] = field(default_factory=dict)
    """By the job of a schema, whose overwriting drops an index too: the index, and the host."""

    @property
    def service(self) -> Service:
        product = "opensearch" if "opensearch" in self.image else "elasticsearch"
        return Service(
            name=NAME,
            image="elasticsearch",
            purpose="visibility of both Temporal clusters",
            memory_mb=896,
            # Each product ignores the other's variables in capitals.
            environment={
                "DISABLE_INSTALL_DEMO_CONFIG": "true",
                "DISABLE_SECURITY_PLUGIN": "true",
                "ES_JAVA_OPTS": _HEAP,
                "ES_SETTING_XPACK_SECURITY_ENABLED": "false",
                "OPENSEARCH_JAVA_OPTS": _HEAP,
                "cluster.routing.allocation.disk.threshold_enabled": "true",
                f"{_WATERMARK}.flood_stage": "128mb",
                f"{_WATERMARK}.high": "256mb",
                f"{_WATERMARK}.low": "512mb",
                "discovery.type": "single-node",
            },
            mounts=(Mount(f"/usr/share/{product}/data", volume="elasticsearch-data"),),
            health=Probe(("curl", "-fsS", "-o", "/dev/null", _HEALTH), retries=240),
            ports=(Port(NAME, PORT, self.port, page=""),),
            capabilities=("CAP_IPC_LOCK",),
            ulimits=self.ulimits,
            stop_seconds=STORE_STOP_SECONDS,
        )

    @property
    def job(self) -> Job:
        return Job(
            name=INDICES_JOB,
            image="admin_tools",
            purpose="creates the visibility indices of both Temporal clusters",
            memory_mb=128,
            entrypoint=("sh",),
            command=(_SCRIPT, *INDICES),
            environment={"ES_SERVER": f"http://{NAME}:{PORT}"},
            files=(File(_SCRIPT, template("elasticsearch", "create-indices.sh")),),
            needs=(NAME,),
            redo_with=(NAME,),
            overwrites={
                job: Overwrite(
                    (_SCRIPT, "--overwrite", index, *INDICES),
                    host,
                    f"the index {index} of {NAME}",
                )
                for job, (index, host) in self.schemas.items()
            },
        )

    @property
    def outputs(self) -> Mapping[str, str]:
        """Outputs of the monitored cluster's visibility store."""
        return {
            "temporal_elasticsearch_host": NAME,
            "temporal_elasticsearch_port": str(PORT),
            "temporal_elasticsearch_scheme": "http",
            "temporal_elasticsearch_version": VERSION,
            "temporal_elasticsearch_index": MONITORED_INDEX,
        }


def visibility_store(index: str) -> str:
    """Value of the server template's `visibility_store`."""
    return json.dumps(
        {
            "elasticsearch": {
                "version": VERSION,
                "url": {"scheme": "http", "host": f"{NAME}:{PORT}"},
                "indices": {"visibility": index},
                "logLevel": "error",
            }
        }
    )
