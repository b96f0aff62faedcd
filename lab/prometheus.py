"""The lab's Prometheus, which scrapes both clusters and the Copilot."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import yaml

from lab.errors import LabError
from lab.loopback import CLIENT, succeeds
from lab.ports import HOST, Inner, Published

PREFIX = "/prometheus"
MONITORED = "monitored"
COPILOT = "copilot"
LOAD = "lab-load"
_RELOAD_SECONDS = 60
# Beside the configuration; a lab has none until somebody puts some there.
RULE_FILES = "rules/*.yaml"
_DROP_BUCKETS = {"source_labels": ["__name__"], "regex": ".*_bucket", "action": "drop"}


def url(published: Published) -> str:
    """The base URL, without `/api/v1`."""
    return f"http://{HOST}:{published.prometheus}{PREFIX}"


def write_config(
    path: Path,
    published: Published,
    inner: Inner,
    scrape_seconds: float,
    monitored: Mapping[str, Sequence[int]],
    *,
    with_monitored: bool = True,
    with_buckets: bool = True,
) -> None:
    """Write the scrape configuration; `monitored` are the ports of the cluster's jobs.

    Faults leave out the monitored cluster, or the buckets of its histograms.
    """
    jobs = [*_copilot_jobs(published, inner)]
    if with_monitored:
        relabeling = {} if with_buckets else {"metric_relabel_configs": [_DROP_BUCKETS]}
        jobs += [_job(name, MONITORED, *ports) | relabeling for name, ports in monitored.items()]
        # Down while no load runs.
        jobs += [_job(LOAD, MONITORED, inner.load_metrics)]
    milliseconds = round(scrape_seconds * 1000)
    config = {
        "global": {
            "scrape_interval": f"{milliseconds}ms",
            "scrape_timeout": f"{min(milliseconds, 10_000)}ms",
        },
        "rule_files": [RULE_FILES],
        "scrape_configs": jobs,
    }
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def command(binary: Path, config: Path, data: Path, published: Published) -> list[str | Path]:
    return [
        binary,
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=1d",
        f"--web.listen-address={HOST}:{published.prometheus}",
        f"--web.external-url={url(published)}",
        f"--web.route-prefix={PREFIX}",
        "--web.enable-lifecycle",
        "--log.level=warn",
    ]


def is_ready(published: Published) -> bool:
    return succeeds(f"{url(published)}/-/ready")


def reload(published: Published) -> None:
    """Reload the configuration of a running Prometheus. Raises LabError."""
    try:
        response = CLIENT.post(f"{url(published)}/-/reload", timeout=_RELOAD_SECONDS)
    except httpx.TransportError as error:
        raise LabError(f"Prometheus at {url(published)} does not answer: {error}") from error
    if not response.is_success:
        raise LabError(f"Prometheus refused its configuration: {response.text.strip()}")


def _copilot_jobs(published: Published, inner: Inner) -> Iterator[dict[str, object]]:
    yield _job("copilot-temporal", COPILOT, inner.copilot["frontend"].metrics)
    yield _job("copilot-worker", COPILOT, published.copilot_worker)
    yield _job("copilot-api", COPILOT, published.copilot_api)


def _job(name: str, cluster: str, *ports: int) -> dict[str, object]:
    targets = [f"{HOST}:{port}" for port in ports]
    return {
        "job_name": name,
        "static_configs": [{"targets": targets, "labels": {"cluster": cluster}}],
    }
