"""Whether the worker does its job: the state behind `/readyz`."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from copilot.health.decision import Decision


@dataclass
class WorkerHealth:
    """Filled by the activities, read by the listener.

    With several clusters, those that this worker evaluated count together: one that cannot be seen
    is a verdict, and no fault of the worker. `late_after_seconds` is the age of the last decision
    at which the loops count as stopped. `temporal_problem` and `store_problem` are empty while
    these can be used.
    """

    late_after_seconds: float
    clock: Callable[[], float] = time.monotonic
    temporal_problem: str = ""
    store_problem: str = "not used yet"
    _decided_at: float | None = field(default=None, init=False)
    _judged: set[str] = field(default_factory=set, init=False)

    def record_decision(self, decision: Decision) -> None:
        self._decided_at = self.clock()
        # Set once a loop has had a known state; a restart keeps it.
        if decision.memory.standing is not None:
            self._judged.add(decision.cluster)
        else:
            self._judged.discard(decision.cluster)

    @property
    def problem(self) -> str:
        """Why the worker is not ready, or empty. It stays ready without the store."""
        because = f": {self.temporal_problem}" if self.temporal_problem else ""
        if self._decided_at is None:
            return f"no cycle since this worker started{because}"
        age = self.clock() - self._decided_at
        if age > self.late_after_seconds:
            return f"the last cycle is {age:.0f} s old, older than three cycles{because}"
        if not self._judged:
            return "no verdict yet: every cycle so far was unknown"
        return ""
