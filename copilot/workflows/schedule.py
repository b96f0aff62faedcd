"""When the cycles of an Observe workflow are due: on a fixed grid, however long a cycle takes."""

import math
from datetime import datetime, timedelta
from typing import Self

from copilot.signals.reading import Frozen, UtcDatetime


class Schedule(Frozen):
    """Slot n is due at `origin` + n * `cycle_seconds`; `next_slot` is the next one.

    An overrun skips slots, so that two cycles begin at least half a cycle apart.
    """

    origin: UtcDatetime
    cycle_seconds: float
    next_slot: int = 0

    @property
    def next_at(self) -> datetime:
        return self.origin + timedelta(seconds=self.next_slot * self.cycle_seconds)

    def begun(self, at: datetime) -> Self:
        """The schedule after a cycle began.

        A cycle that begins late, because no worker ran, takes the nearest slot.
        """
        slot = max(self.next_slot, round(self._slots_until(at)))
        return self.model_copy(update={"next_slot": slot + 1})

    def ended(self, at: datetime) -> Self:
        """The schedule after the cycle ended, without the slots that passed meanwhile."""
        next_slot = max(self.next_slot, math.ceil(self._slots_until(at)))
        return self.model_copy(update={"next_slot": next_slot})

    def retimed(self, cycle_seconds: float, last_begun: datetime) -> Self:
        """A new grid from the start of the last cycle: the next one is due a cycle later."""
        return self.model_copy(
            update={"origin": last_begun, "cycle_seconds": cycle_seconds, "next_slot": 1}
        )

    def _slots_until(self, at: datetime) -> float:
        return (at - self.origin).total_seconds() / self.cycle_seconds
