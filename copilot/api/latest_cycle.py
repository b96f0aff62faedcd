"""The last cycle of a cluster, read from the store at most once a second."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic

from copilot.explain.assessment import QUIET, RETRY, fingerprint
from copilot.store.records import CycleRecord, StateStart, StoredAssessment
from copilot.store.repository import Repository

# A cycle takes 30 s, so a second of delay is not noticeable.
FRESH_SECONDS = 1.0
# The same evidence is assessed again after this time; an older assessment no longer counts.
ASSESSMENT_VALID = QUIET + RETRY
# Callers choose the cluster's name, so the cache needs a limit; a cycle is up to 1 MB in memory.
MAX_CLUSTERS = 64


@dataclass(frozen=True)
class LatestCycle:
    """The last cycle (None before the first) and the start of its state.

    `assessment` is the last one with the same evidence, perhaps of an earlier cycle.
    """

    record: CycleRecord | None
    state_start: StateStart | None
    assessment: StoredAssessment | None = None


@dataclass
class _Read:
    task: asyncio.Task[LatestCycle]
    ended_at: float | None = field(default=None)

    def is_fresh(self, now: float) -> bool:
        """True while it runs and shortly after, also when it failed: a lost store gets no storm."""
        return self.ended_at is None or now - self.ended_at < FRESH_SECONDS


class LatestCycleCache:
    """Shares one read of the store, also a failed one, between all requests of a second."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._reads: OrderedDict[str, _Read] = OrderedDict()

    async def get(self, cluster: str) -> LatestCycle:
        """Raises StoreError when the store cannot be read."""
        read = self._reads.get(cluster)
        if read is None or not read.is_fresh(monotonic()):
            read = self._start(cluster)
        # A cancelled request must not cancel the read that others wait for.
        return await asyncio.shield(read.task)

    def __len__(self) -> int:
        return len(self._reads)

    def _start(self, cluster: str) -> _Read:
        read = _Read(asyncio.create_task(self._read(cluster)))

        def on_end(task: asyncio.Task[LatestCycle]) -> None:
            read.ended_at = monotonic()
            if not task.cancelled():
                task.exception()  # retrieve it, or asyncio logs it when no request waits any more

        read.task.add_done_callback(on_end)
        self._reads[cluster] = read
        self._reads.move_to_end(cluster)
        while len(self._reads) > MAX_CLUSTERS:
            self._reads.popitem(last=False)
        return read

    async def _read(self, cluster: str) -> LatestCycle:
        record = await self._repository.latest(cluster)
        if record is None:
            return LatestCycle(None, None)
        decision = record.decision
        state_start = await self._repository.state_start(cluster, decision.at)
        if not decision.fired:
            return LatestCycle(record, state_start)
        assessment = await self._repository.assessment_of_evidence(
            cluster, fingerprint(decision), decision.at - ASSESSMENT_VALID
        )
        return LatestCycle(record, state_start, assessment)
