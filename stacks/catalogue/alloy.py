"""Alloy: the container that scrapes metrics and collects logs, and its configuration."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from components import docker_engine
from components.workload import File, Mount, Port, ReadyUrl, Service
from stacks.catalogue.files import filled
from stacks.catalogue.telemetry import LOKI, MIMIR
from stacks.settings import EnvironmentSettings

ALLOY = "alloy"
WORKERS_JOB = "workers"
MONITORED = "monitored"
_PORT = 12345
_CONFIG = "/etc/alloy/config.alloy"
# Holds the position up to which each container's log was sent; without a volume a new container
# would send all logs again. The image has the folder, and runs as root.
_STORAGE = "/var/lib/alloy/data"
_SOCKET = "/var/run/docker.sock"
# A slower target is missing, rather than delaying the next scrape.
_LONGEST_SCRAPE_SECONDS = 10


@dataclass(frozen=True)
class Target:
    """An address to scrape, with the labels `job` and `cluster` of its metrics."""

    job: str
    address: str
    cluster: str


def alloy(settings: EnvironmentSettings, scraped: Iterable[Service]) -> Service:
    """The service that scrapes `scraped`, itself and the users' workers."""
    service = Service(
        name=ALLOY,
        image="alloy",
        purpose="scrapes metrics and collects logs",
        memory_mb=384,
        command=(
            "run",
            _CONFIG,
            f"--server.http.listen-addr=0.0.0.0:{_PORT}",
            f"--storage.path={_STORAGE}",
        ),
        mounts=(
            Mount(_SOCKET, folder=docker_engine.socket_in_engine()),
            Mount(_STORAGE, volume="alloy-data"),
        ),
        health=ReadyUrl(f"http://{ALLOY}:{_PORT}/-/ready"),
        # It retries until they are ready, and the first verdict waits for its scrapes.
        after=(MIMIR, LOKI),
        ports=(Port(ALLOY, _PORT, settings.port(ALLOY, _PORT), page=""),),
        cluster="copilot",
        metrics_port=_PORT,
        reaches_host=True,
    )
    jobs = [[target] for target in targets((*scraped, service))]
    if settings.worker_targets:
        jobs.append([Target(WORKERS_JOB, one, MONITORED) for one in settings.worker_targets])
    scrapes = "\n".join(_scrape(job, settings.scrape_seconds) for job in jobs)
    config = filled("alloy", "config.alloy", scrapes=scrapes, stack=settings.stack)
    return replace(service, files=(File(_CONFIG, config),))


def targets(services: Iterable[Service]) -> Iterator[Target]:
    """Every service that exports metrics of a cluster."""
    for service in services:
        if service.metrics_port and service.cluster:
            yield Target(service.name, f"{service.name}:{service.metrics_port}", service.cluster)


def scrape_timeout(scrape_seconds: int) -> int:
    """Seconds that a scrape may take."""
    return min(scrape_seconds, _LONGEST_SCRAPE_SECONDS)


def _scrape(job: list[Target], scrape_seconds: int) -> str:
    """The component of Alloy's configuration that scrapes one job."""
    name = job[0].job
    listed = ", ".join(
        "{\n"
        f"    __address__ = {json.dumps(target.address)},\n"
        f"    cluster     = {json.dumps(target.cluster)},\n"
        "  }"
        for target in job
    )
    return (
        f"prometheus.scrape {json.dumps(name.replace('-', '_'))} {{\n"
        f"  job_name        = {json.dumps(name)}\n"
        f'  scrape_interval = "{scrape_seconds}s"\n'
        f'  scrape_timeout  = "{scrape_timeout(scrape_seconds)}s"\n'
        f"  targets = [{listed}]\n"
        "  forward_to = [prometheus.remote_write.mimir.receiver]\n"
        "}\n"
    )
