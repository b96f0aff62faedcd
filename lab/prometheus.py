"""Prometheus scraping both clusters and the Copilot, as the metrics store of the lab."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import yaml

from lab.errors import LabError
from lab.loopback import CLIENT, succeeds
from lab.ports import HOST, Inner, Published
from lab.temporal import ROLES

PREFIX = "/prometheus"
MONITORED = "monitored"
COPILOT = "copilot"
LOAD = "lab-load"
_RELOAD_SECONDS = 10


def url(published: Published) -> str:
    """The base URL, without `/api/v1`."""
    return f"http://{HOST}:{published.prometheus}{PREFIX}"


def write_config(
    path: Path, published: Published, inner: Inner, scrape_seconds: float, *, with_monitored: bool
) -> None:
    """Write the scrape configuration; without the monitored cluster for the fault `stop-scrape`."""
    jobs = [*_copilot_jobs(published, inner)]
    if with_monitored:
        jobs += [
            _job(f"temporal-{role}", MONITORED, inner.monitored[role].metrics) for role in ROLES
        ]
        # Down while no load runs, which is no service of the cluster.
        jobs += [_job(LOAD, MONITORED, inner.load_metrics)]
    milliseconds = round(scrape_seconds * 1000)
    config = {
        "global": {
            "scrape_interval": f"{milliseconds}ms",
            "scrape_timeout": f"{min(milliseconds, 10_000)}ms",
        },
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
    """Make a running Prometheus read its configuration again."""
    try:
        answer = CLIENT.post(f"{url(published)}/-/reload", timeout=_RELOAD_SECONDS)
    except httpx.TransportError as error:
        raise LabError(f"Prometheus at {url(published)} does not answer: {error}") from error
    if not answer.is_success:
        raise LabError(f"Prometheus refused its configuration: {answer.text.strip()}")


def _copilot_jobs(published: Published, inner: Inner) -> Iterator[dict[str, object]]:
    yield _job("copilot-temporal", COPILOT, inner.copilot["frontend"].metrics)
    yield _job("copilot-worker", COPILOT, published.copilot_worker)
    yield _job("copilot-api", COPILOT, published.copilot_api)


def _job(name: str, cluster: str, port: int) -> dict[str, object]:
    return {
        "job_name": name,
        "static_configs": [{"targets": [f"{HOST}:{port}"], "labels": {"cluster": cluster}}],
    }
