"""Seconds from a fault to its verdict and cause, at the default cadence."""

import time

from lab.faults import FAULTS, Fault
from tests.bench.figure import Figure
from tests.bench.running import Say, running
from tests.lab.watch import LateError, detected

TARGET_SECONDS = 75
LIMIT_SECONDS = 240
SETTLE_CYCLES = 3
# A queue is abandoned when its last starts are in and the server has unloaded it: no target.
WITHOUT_TARGET = {"abandon-queue"}


def measure(say: Say, repeat: int) -> list[Figure]:
    """One figure a fault, the longest of `repeat` runs; and the criticals of healthy minutes."""
    figures, false_criticals = [], 0
    for fault in FAULTS.values():
        seconds = []
        for _ in range(repeat):
            elapsed, criticals = _once(fault)
            say(f"{fault.name}: detected after {elapsed:.1f} s")
            seconds.append(elapsed)
            false_criticals += criticals
        target = None if fault.name in WITHOUT_TARGET else TARGET_SECONDS
        figures.append(Figure(f"detection of {fault.name}", max(seconds), "s", target))
    figures.append(Figure("criticals while healthy", false_criticals, "", 0))
    return figures


def _once(fault: Fault) -> tuple[float, int]:
    """Seconds to detection (the limit when it was not), and criticals before the fault."""
    with running() as copilot:
        watch = copilot.watch
        watch.cycles(SETTLE_CYCLES, within=150)
        criticals = watch.states.count("critical")
        begin = time.monotonic()
        copilot.lab.inject(fault.name)
        try:
            watch.until(detected(fault), LIMIT_SECONDS, f"detected: {fault.name}")
        except LateError:
            return LIMIT_SECONDS, criticals
        return time.monotonic() - begin, criticals
