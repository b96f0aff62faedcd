"""A lab for one measurement: fresh folder, free ports, default cadence, load and Copilot."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.cluster import Lab
from tests.lab.watch import Watch

Report = Callable[[str], None]
RATE = 5.0  # workflow starts a second
FIRST_VERDICT_LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Running:
    lab: Lab
    watch: Watch
    first_verdict_seconds: float
    """From the first process of the lab to the first verdict, as in `make demo`."""


@contextmanager
def running(histories: int = 1) -> Iterator[Running]:
    """A lab under load, with a schedule, and with that many instances of history."""
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", histories=histories)
        begin = time.monotonic()
        try:
            lab.up()
            lab.start_load(RATE, schedule=True)
            lab.start_copilot()
            watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
            watch.until(
                lambda status: status["health_state"] != "unknown",
                FIRST_VERDICT_LIMIT_SECONDS,
                "a first verdict",
            )
            yield Running(lab, watch, time.monotonic() - begin)
            watch.close()
        finally:
            lab.down()
