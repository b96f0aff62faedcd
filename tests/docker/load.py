"""The lab's load, on a cluster in containers."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STOP_SECONDS = 60


@contextmanager
def load(address: str, control: Path, rate: float) -> Iterator[None]:
    """Start workflows at `address`, `rate` a second; `control` steers it, as in the lab."""
    command = [sys.executable, "-m", "lab", "load", "--address", address]
    command += ["--rate", str(rate), "--control", str(control)]
    with control.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
