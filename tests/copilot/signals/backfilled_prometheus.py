"""A real Prometheus with backfilled samples: exact values at exact times."""

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.ports import free_port
from tools.servers import PROMETHEUS, PROMTOOL, find

START_SECONDS = 180
# Samples continue into the future, so that the result does not depend on when a test runs.
AHEAD_SECONDS = 1800


@dataclass(frozen=True)
class Series:
    """`name{labels}` with samples every `every` seconds from `begin` to `end`, seconds from now.

    Values begin with `value` and grow by `step`; `odd` replaces every second one.
    """

    text: str
    value: float = 0
    step: float = 0
    begin: float = -600
    end: float = AHEAD_SECONDS
    every: float = 2
    odd: float | None = None

    def lines(self, now: float) -> Iterator[str]:
        for index in range(int((self.end - self.begin) / self.every) + 1):
            at = now + self.begin + index * self.every
            value = self.value + index * self.step
            if self.odd is not None and index % 2:
                value = self.odd
            yield f"{self.text} {value:g} {at:.3f}"


@contextmanager
def backfilled_prometheus(series: Sequence[Series], folder: Path) -> Iterator[str]:
    """The base URL of a Prometheus that holds `series`; it scrapes nothing."""
    promtool = find(PROMTOOL)
    assert promtool
    _write(series, promtool, folder)
    with running_prometheus("global: {}\n", folder) as url:
        yield url


@contextmanager
def running_prometheus(configuration: str, folder: Path) -> Iterator[str]:
    """The base URL of a Prometheus whose data is in `folder`."""
    prometheus = find(PROMETHEUS)
    assert prometheus
    config = folder / "prometheus.yml"
    config.write_text(configuration)
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                prometheus,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--web.route-prefix=/prometheus",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _await_ready(f"http://127.0.0.1:{port}/prometheus", process, folder / "log")
        yield f"http://127.0.0.1:{port}/prometheus"
    finally:
        process.kill()
        process.wait(START_SECONDS)


def _write(series: Sequence[Series], promtool: Path, folder: Path) -> None:
    now = time.time()
    families: dict[str, list[str]] = {}
    for one in series:
        name = re.split(r"[{ ]", one.text)[0]
        families.setdefault(name, []).extend(one.lines(now))
    source = folder / "samples"
    lines = [line for family in families.values() for line in family]
    source.write_text("\n".join([*lines, "# EOF", ""]))
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", source, folder / "data"],
        check=True,
        capture_output=True,
        timeout=START_SECONDS,
    )


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/-/ready", timeout=START_SECONDS, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"Prometheus is not ready: {log.read_text()[-2000:]}")
