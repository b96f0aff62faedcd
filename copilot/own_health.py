"""Whether this worker does its job: what `/readyz` answers from."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from copilot.health.decision import Decision


@dataclass
class OwnHealth:
    """Filled by the activities, read by the listener.

    `late_after_seconds` is the age of the last decision from which the loop counts as stopped.
    `temporal_problem` and `store_problem` are why these cannot be used now, or empty.
    """

    late_after_seconds: float
    clock: Callable[[], float] = time.monotonic
    temporal_problem: str = ""
    store_problem: str = "not used yet"
    _decided: float | None = field(default=None, init=False)
    _verdict: bool = field(default=False, init=False)

    def judged(self, decision: Decision) -> None:
        self._decided = self.clock()
        # Only a loop that once knew the state has a standing one; a restart keeps it.
        self._verdict = decision.memory.standing is not None

    @property
    def problem(self) -> str:
        """Why the worker is not ready, or empty. The store is no reason: judging goes on."""
        because = f": {self.temporal_problem}" if self.temporal_problem else ""
        if self._decided is None:
            return f"no cycle since this worker started{because}"
        age = self.clock() - self._decided
        if age > self.late_after_seconds:
            return f"the last cycle is {age:.0f} s old, older than three cycles{because}"
        if not self._verdict:
            return "no verdict yet: every cycle so far was unknown"
        return ""
