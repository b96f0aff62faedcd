"""The start-up time of `tdeploy`, beside that of Python."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.running import Report

ROOT = Path(__file__).parents[2]
TIMES = 10


def measure(report: Report) -> list[Figure]:
    """Milliseconds of whole processes, as the median of TIMES runs."""
    bare = 1000 * seconds_of("-c", "pass")
    help_ = 1000 * seconds_of("-m", "tdeploy", "--help")
    report(f"`tdeploy --help` takes {help_ / bare:.1f} times as long as `python -c pass`")
    return [
        Figure("python -c pass", bare, "ms"),
        Figure("tdeploy --help", help_, "ms", 300),
    ]


def seconds_of(
    *arguments: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> float:
    """Return the median time of TIMES runs of Python that exit with 0 or 1."""
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds.append(time.perf_counter() - begin)
        assert done.returncode in {0, 1}, done.stderr
    return sorted(seconds)[TIMES // 2]
