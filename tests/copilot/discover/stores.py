"""A real Prometheus that scrapes recorded expositions, with the labels of a set-up."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from copilot.signals.roles import Role
from tests.copilot.discover.setups import Target
from tests.copilot.signals.backfilled_prometheus import running_prometheus
from tests.copilot.signals.expositions import growing
from tests.fakes.http_server import Request, Response, serving

SCRAPE_SECONDS = 2
_TEXT = {"Content-Type": "text/plain; version=0.0.4"}


@contextmanager
def scraped(
    targets: Sequence[tuple[Target, str]], folder: Path, *, drop: str = ""
) -> Iterator[str]:
    """Its URL; each target exports what its roles do in its exposition.

    Metrics that match `drop` are dropped.
    """
    with ExitStack() as stack:
        configs = []
        for (labels, roles), exposition in targets:
            now = growing(of_roles(exposition, roles))
            url = stack.enter_context(serving(_respond_with(now)))
            configs.append({"targets": [url.removeprefix("http://")], "labels": labels})
        every = {"scrape_interval": f"{SCRAPE_SECONDS}s", "scrape_timeout": f"{SCRAPE_SECONDS}s"}
        job: dict[str, object] = {"job_name": "all", "static_configs": configs}
        if drop:
            rule = {"source_labels": ["__name__"], "regex": drop, "action": "drop"}
            job["metric_relabel_configs"] = [rule]
        configuration = json.dumps({"global": every, "scrape_configs": [job]})
        yield stack.enter_context(running_prometheus(configuration, folder))


def of_roles(exposition: str, roles: Sequence[Role]) -> str:
    """What a process with these roles exports of an exposition of all."""
    own = re.compile(rf'service_name="(?:{"|".join(roles)})"')
    lines = (
        line for line in exposition.splitlines() if "service_name=" not in line or own.search(line)
    )
    return "\n".join([*lines, ""])


def _respond_with(now: Callable[[], str]) -> Callable[[Request], Response]:
    return lambda _: Response(now(), headers=_TEXT)
