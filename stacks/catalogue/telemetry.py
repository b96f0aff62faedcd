"""The stores of metrics and logs: Mimir and Loki."""

from components.workload import File, Mount, Port, ReadyUrl, Service
from stacks.catalogue.files import template
from stacks.catalogue.stores import STORE_STOP_SECONDS
from stacks.settings import ContainerSettings

MIMIR = "mimir"
LOKI = "loki"
MIMIR_URL = "http://mimir:9009/prometheus"
LOKI_URL = "http://loki:3100"
_MIMIR_CONFIG = "/etc/mimir/mimir.yaml"
_LOKI_CONFIG = "/etc/loki/loki.yaml"


def mimir(settings: ContainerSettings) -> Service:
    """The store of metrics."""
    return Service(
        name=MIMIR,
        image="mimir",
        purpose="keeps metrics for 7 days",
        memory_mb=640,
        command=(f"--config.file={_MIMIR_CONFIG}",),
        files=(File(_MIMIR_CONFIG, template("mimir", "mimir.yaml")),),
        mounts=(Mount("/data", volume="mimir-data"),),
        # Ready when it answers queries, which is all that the Copilot needs.
        health=ReadyUrl(f"{MIMIR_URL}/api/v1/query?query=vector(1)"),
        ports=(Port(MIMIR, 9009, settings.port(MIMIR, 9009), page="/prometheus"),),
        stop_seconds=STORE_STOP_SECONDS,
    )


def loki(settings: ContainerSettings) -> Service:
    """The store of logs."""
    return Service(
        name=LOKI,
        image="loki",
        purpose="keeps logs for 3 days",
        memory_mb=512,
        command=(f"-config.file={_LOKI_CONFIG}",),
        files=(File(_LOKI_CONFIG, template("loki", "loki.yaml")),),
        mounts=(Mount("/loki", volume="loki-data"),),
        health=ReadyUrl(f"{LOKI_URL}/ready"),
        ports=(Port(LOKI, 3100, settings.port(LOKI, 3100), page=""),),
        stop_seconds=STORE_STOP_SECONDS,
    )
