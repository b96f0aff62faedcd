"""Whether the worker does its job: the state behind `/readyz`."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from copilot.health.decision import Decision


@dataclass
class WorkerHealth:
    """Filled by the activities, read by the listener.

    `late_after_seconds` is the age of the last decision at which the loop counts as stopped.
    `temporal_problem` and `store_problem` are empty while these can be used.
    """

    late_after_seconds: float
    clock: Callable[[], float] = time.monotonic
    temporal_problem: str = ""
    store_problem: str = "not used yet"
    _decided_at: float | None = field(default=None, init=False)
    _has_verdict: bool = field(default=False, init=False)

    def record_decision(self, decision: Decision) -> None:
        self._decided_at = self.clock()
        # Set once a loop has had a known state; a restart keeps it.
        self._has_verdict = decision.memory.standing is not None

    @property
    def problem(self) -> str:
        """Why the worker is not ready, or empty. It stays ready without the store."""
        because = f": {self.temporal_problem}" if self.temporal_problem else ""
        if self._decided_at is None:
            return f"no cycle since this worker started{because}"
        age = self.clock() - self._decided_at
        if age > self.late_after_seconds:
            return f"the last cycle is {age:.0f} s old, older than three cycles{because}"
        if not self._has_verdict:
            return "no verdict yet: every cycle so far was unknown"
        return ""
