"""One lab goes through faults and controls, one after another, and is healed between them."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.cluster import Lab
from lab.fault import Fault
from tests.bench.controls import Control
from tests.bench.explained import explained
from tests.bench.follower import Follower
from tests.bench.outcome import Trial, states_that_report
from tests.bench.running import Report
from tests.waiting import INTERVAL_SECONDS

DETECTION_LIMIT_SECONDS = 150.0
CLEAR_LIMIT_SECONDS = 180.0
# The rules' window of rates, of which the store of samples fills the rest while a verdict clears.
SETTLE_SECONDS = 45.0


@dataclass
class Course:
    """`faults` and `controls` are what was tried so far; `explanations` are of each fault's end."""

    lab: Lab
    follower: Follower
    report: Report
    faults: list[Trial] = field(default_factory=list)
    controls: list[tuple[Trial, Control]] = field(default_factory=list)
    explanations: list[tuple[float, float]] = field(default_factory=list)

    def inject(self, fault: Fault, hold: float) -> None:
        """Hold a fault for `hold` seconds and until it is detected, heal it, wait for `happy`."""
        begin, load = time.time(), os.getloadavg()[0]
        self.lab.inject(fault.name)
        try:
            states = states_that_report(fault)
            _wait(lambda: self._has_seen(states, begin), begin + DETECTION_LIMIT_SECONDS)
            detected = time.time()
            _wait(lambda: False, begin + hold)
            self.explanations.append(asyncio.run(explained(self.lab)))
        finally:
            released = time.time()
            self.lab.heal(fault.name)
        healed = time.time()
        _wait(lambda: self.follower.state == "happy", healed + CLEAR_LIMIT_SECONDS)
        cleared, last = time.time(), self.follower.seen[-1]
        _wait(lambda: False, healed + SETTLE_SECONDS)
        self.faults.append(Trial(fault.name, begin, released, healed, time.time(), load))
        self.report(
            f"{fault.name}: detected after {detected - begin:.1f} s,"
            f" {last.state} {last.cause} {cleared - healed:.1f} s after healing"
        )

    def watch(self, control: Control) -> None:
        """Let a control happen, and watch it."""
        if control.prepare:
            control.prepare(self.lab)
        begin, load = time.time(), os.getloadavg()[0]
        control.begin(self.lab)
        _wait(lambda: False, begin + control.seconds)
        released = time.time()
        control.end(self.lab)
        healed = time.time()
        trial = Trial(control.name, begin, released, healed, time.time(), load)
        self.controls.append((trial, control))
        states = [seen.state for seen in self.follower.seen if seen.at >= begin]
        self.report(f"{control.name}: {', '.join(states) or self.follower.state}")

    def _has_seen(self, states: tuple[str, ...], since: float) -> bool:
        return any(seen.state in states for seen in self.follower.seen if seen.at >= since)


def _wait(condition: Callable[[], bool], deadline: float) -> None:
    while not condition() and time.time() < deadline:
        time.sleep(INTERVAL_SECONDS)
