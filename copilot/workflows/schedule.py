"""When the cycles of an Observe workflow are due: on a fixed grid, whatever a cycle takes."""

import math
from datetime import datetime, timedelta
from typing import Self

from copilot.signals.snapshot import Frozen, UtcDatetime


class Schedule(Frozen):
    """Slot n is due at `origin` + n * `cycle_seconds`; `next_slot` is the one to await.

    An overrun skips slots, it never bunches cycles: two begin at least half a cycle apart.
    """

    origin: UtcDatetime
    cycle_seconds: float
    next_slot: int = 0

    @property
    def next_at(self) -> datetime:
        return self.origin + timedelta(seconds=self.next_slot * self.cycle_seconds)

    def begun(self, at: datetime) -> Self:
        """The schedule once a cycle began.

        One that begins late, because nobody ran the workflow, counts for the slot nearest to it.
        """
        slot = max(self.next_slot, round(self._slots_until(at)))
        return self.model_copy(update={"next_slot": slot + 1})

    def ended(self, at: datetime) -> Self:
        """The schedule once that cycle ended: the slots it overran are skipped."""
        next_slot = max(self.next_slot, math.ceil(self._slots_until(at)))
        return self.model_copy(update={"next_slot": next_slot})

    def retimed(self, cycle_seconds: float, last_begun: datetime) -> Self:
        """A new grid that begins with the last cycle, so that the next one is due a cycle later."""
        return self.model_copy(
            update={"origin": last_begun, "cycle_seconds": cycle_seconds, "next_slot": 1}
        )

    def _slots_until(self, at: datetime) -> float:
        return (at - self.origin).total_seconds() / self.cycle_seconds
