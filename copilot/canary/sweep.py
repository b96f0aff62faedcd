"""Which shard's canary starts next, and which canaries are late: pure, and passed from one look
to the next, in whichever of the Copilot's workers it runs."""

from datetime import datetime, timedelta
from typing import Self

from copilot.signals.probe import CanaryStep
from copilot.signals.reading import Frozen, UtcDatetime

MOST_IN_A_CYCLE = 16
STARTS_A_DAY = 40_000
"""The most canaries a day, for each leaves rows in the store.

In cycles of 30 s these are 13 each: of 16 shards each gets its canary every 37 s, so a stuck one is
found within 52 s. All 16 in each cycle would be 46,080 a day.
"""
LEAST_GAP = timedelta(seconds=1)
LATE = timedelta(seconds=10)
"""A canary takes about a second. When none comes back for this long, the cluster stands still."""
STUCK = timedelta(seconds=15)
"""A single shard may pause for longer, while it moves to another instance."""
SLOW = timedelta(seconds=3)
SHORTEST_SWEEP = timedelta(seconds=10)
"""Shorter cycles, as in tests, do not make more load of their own."""
_DAY_SECONDS = 86_400


class OpenCanary(Frozen):
    """A canary under way. `run_id` is empty until its start was accepted.

    `step` is where a late one waits, once that was found out; `detail` is the server's error.
    """

    shard: int
    begun: UtcDatetime
    run_id: str = ""
    step: CanaryStep | None = None
    detail: str = ""


class Sweep(Frozen):
    """The order of the shards, with the canaries that have not come back."""

    next_shard: int = 1
    last_start: UtcDatetime | None = None
    last_passed: UtcDatetime | None = None
    open: tuple[OpenCanary, ...] = ()

    def due(self, shards: int, gap: timedelta, now: datetime) -> bool:
        """Whether the next canary may start, at most one a second and one for each shard."""
        busy = {canary.shard for canary in self.open}
        rested = self.last_start is None or now - self.last_start >= max(gap, LEAST_GAP)
        return rested and len(busy) < shards

    def started(self, shards: int, now: datetime) -> tuple[int, Self]:
        """The next shard without an open canary, and the sweep after its start."""
        busy = {canary.shard for canary in self.open}
        shard = (self.next_shard - 1) % shards + 1
        while shard in busy:
            shard = shard % shards + 1
        opened = (*self.open, OpenCanary(shard=shard, begun=now))
        changes = {"next_shard": shard % shards + 1, "last_start": now, "open": opened}
        return shard, self.model_copy(update=changes)

    def accepted(self, shard: int, run_id: str) -> Self:
        return self._changed(shard, {"run_id": run_id, "step": None, "detail": ""})

    def waits(self, shard: int, step: CanaryStep, detail: str) -> Self:
        """The sweep in which a late canary is known to wait for `step`."""
        return self._changed(shard, {"step": step, "detail": detail})

    def passed(self, shard: int, now: datetime) -> Self:
        return self.without(shard).model_copy(update={"last_passed": now})

    def without(self, shard: int) -> Self:
        """The sweep after the end of a canary that says nothing about its shard."""
        opened = tuple(canary for canary in self.open if canary.shard != shard)
        return self.model_copy(update={"open": opened})

    def late(self, now: datetime) -> tuple[OpenCanary, ...]:
        return tuple(canary for canary in self.open if now - canary.begun > LATE)

    def stuck(self, now: datetime) -> tuple[OpenCanary, ...]:
        return tuple(canary for canary in self.open if now - canary.begun > STUCK)

    def fails(self, shards: int, now: datetime) -> bool:
        """True when no canary comes back: two are late, or the only shard's, and none passed since.

        While others pass, a late canary is the trouble of its shard alone.
        """
        late = self.late(now)
        if len(late) < min(2, shards):
            return False
        oldest = min(canary.begun for canary in late)
        return self.last_passed is None or self.last_passed < oldest

    def slow(self, now: datetime) -> bool:
        """True when a canary should be back: the next one, at once, tells whether all are late."""
        return any(SLOW < now - canary.begun <= LATE for canary in self.open)

    def slept(self, pause: timedelta) -> Self:
        """The sweep after the Copilot's own process stood still: nobody waited meanwhile."""
        opened = tuple(
            canary.model_copy(update={"begun": canary.begun + pause}) for canary in self.open
        )
        return self.model_copy(update={"open": opened})

    def renewed(self) -> Self:
        """The sweep after what its canaries waited for came back: others tell whether all is well.

        They may still wait for the retry of a task, which is no fault of their shards.
        """
        return self.model_copy(update={"open": ()})

    def _changed(self, shard: int, changes: dict[str, object]) -> Self:
        opened = tuple(
            canary.model_copy(update=changes) if canary.shard == shard else canary
            for canary in self.open
        )
        return self.model_copy(update={"open": opened})


def starts_in(cycle_seconds: float, shards: int) -> int:
    """Canaries in one cycle: all shards up to 16, but no more than a day's limit allows."""
    allowed = int(STARTS_A_DAY * cycle_seconds / _DAY_SECONDS)
    return max(1, min(shards, MOST_IN_A_CYCLE, allowed))
