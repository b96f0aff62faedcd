"""The newest record of a cluster, read at most once a second however many ask."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic

from copilot.explain.assessment import QUIET, RETRY, fingerprint
from copilot.record import CycleRecord
from copilot.store.continuity import Beginning
from copilot.store.repository import Repository
from copilot.store.rows import StoredAssessment

# A cycle takes 30 s, so a second adds nothing that a reader could notice; it turns any number
# of requests into one query a second.
FRESH_SECONDS = 1.0
# The same evidence is told again after so long; words that are older are not renewed.
WORDS_LAST = QUIET + RETRY
# Callers name the cluster: what they can make us keep has a bound.
MAX_CLUSTERS = 16


@dataclass(frozen=True)
class Found:
    """The last cycle, None before the first, when its state began, and how it was last told.

    `assessment` is of the same evidence as the cycle, though of an earlier one.
    """

    record: CycleRecord | None
    beginning: Beginning | None
    assessment: StoredAssessment | None = None


@dataclass
class _Reading:
    task: asyncio.Task[Found]
    ended_at: float | None = field(default=None)

    def is_fresh(self, now: float) -> bool:
        """Under way, or young; a refusal counts too, so that a lost store is not stormed."""
        return self.ended_at is None or now - self.ended_at < FRESH_SECONDS


class Newest:
    """Shares one read of the store between all requests of a second, failures included."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._readings: OrderedDict[str, _Reading] = OrderedDict()

    async def of(self, cluster: str) -> Found:
        """Raises StoreError when the store cannot be read."""
        reading = self._readings.get(cluster)
        if reading is None or not reading.is_fresh(monotonic()):
            reading = self._begin(cluster)
        # A request that is cancelled must not take the others' answer with it.
        return await asyncio.shield(reading.task)

    @property
    def clusters(self) -> int:
        """How many clusters' readings are held; never more than `MAX_CLUSTERS`."""
        return len(self._readings)

    def _begin(self, cluster: str) -> _Reading:
        reading = _Reading(asyncio.create_task(self._read(cluster)))

        def ended(task: asyncio.Task[Found]) -> None:
            reading.ended_at = monotonic()
            if not task.cancelled():
                task.exception()  # seen, even when every request that waited has gone

        reading.task.add_done_callback(ended)
        self._readings[cluster] = reading
        self._readings.move_to_end(cluster)
        while len(self._readings) > MAX_CLUSTERS:
            self._readings.popitem(last=False)
        return reading

    async def _read(self, cluster: str) -> Found:
        record = await self._repository.latest(cluster)
        if record is None:
            return Found(None, None)
        decision = record.decision
        beginning = await self._repository.beginning(cluster, decision.at)
        if not decision.fired:
            return Found(record, beginning)
        assessment = await self._repository.wording(
            cluster, fingerprint(decision), decision.at - WORDS_LAST
        )
        return Found(record, beginning, assessment)
