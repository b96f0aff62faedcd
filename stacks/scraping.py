"""What the metrics store scrapes, derived from the catalogue."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from components.service import Service

# A slower target would rather be missing than hold up the next scrape.
_LONGEST_SCRAPE_SECONDS = 10
WORKERS = "workers"
MONITORED = "monitored"


@dataclass(frozen=True)
class Target:
    """One scrape job: its name is that of the service."""

    job: str
    address: str
    cluster: str


def targets(services: Iterable[Service]) -> Iterator[Target]:
    """Every service that has metrics of a cluster."""
    for service in services:
        if service.metrics_port and service.cluster:
            yield Target(service.name, f"{service.name}:{service.metrics_port}", service.cluster)


def alloy_scrapes(services: Iterable[Service], scrape_seconds: int) -> str:
    """The scrape components of Alloy's configuration."""
    return "\n".join(
        _alloy_scrape(target.job, [target], scrape_seconds) for target in targets(services)
    )


def alloy_worker_scrape(addresses: Sequence[str], scrape_seconds: int) -> str:
    """The component that scrapes users' own workers; nothing where there are no `addresses`."""
    workers = [Target(WORKERS, address, MONITORED) for address in addresses]
    return _alloy_scrape(WORKERS, workers, scrape_seconds) if workers else ""


def _alloy_scrape(job: str, scraped: Iterable[Target], scrape_seconds: int) -> str:
    listed = "".join(
        "{\n"
        f"    __address__ = {json.dumps(target.address)},\n"
        f"    cluster     = {json.dumps(target.cluster)},\n"
        "  }, "
        for target in scraped
    )
    return (
        f"prometheus.scrape {json.dumps(job.replace('-', '_'))} {{\n"
        f"  job_name        = {json.dumps(job)}\n"
        f'  scrape_interval = "{scrape_seconds}s"\n'
        f'  scrape_timeout  = "{_timeout(scrape_seconds)}s"\n'
        f"  targets = [{listed.removesuffix(', ')}]\n"
        "  forward_to = [prometheus.remote_write.mimir.receiver]\n"
        "}\n"
    )


def prometheus_configuration(services: Iterable[Service], scrape_seconds: int) -> str:
    """The same for a Prometheus in Mimir's place, as YAML (which JSON is)."""
    jobs = [
        {
            "job_name": target.job,
            "static_configs": [
                {"targets": [target.address], "labels": {"cluster": target.cluster}}
            ],
        }
        for target in targets(services)
    ]
    interval = {
        "scrape_interval": f"{scrape_seconds}s",
        "scrape_timeout": f"{_timeout(scrape_seconds)}s",
    }
    return json.dumps({"global": interval, "scrape_configs": jobs}, indent=2)


def _timeout(scrape_seconds: int) -> int:
    return min(scrape_seconds, _LONGEST_SCRAPE_SECONDS)
