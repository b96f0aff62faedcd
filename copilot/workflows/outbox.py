"""Cycles that the store does not have yet, in order."""

from collections.abc import Iterable
from typing import Self

from copilot.record import CycleRecord
from copilot.signals.snapshot import Frozen

# Ten minutes at the default cadence: a restart of the store leaves no gap.
KEEP = 20
# However often the state changes meanwhile: at 200 queues this many records are about 1 MB, and
# Temporal refuses a payload above 2 MB.
KEEP_CHANGES = 40
# What one save sends.
BATCH = 20


class Outbox(Frozen):
    """Records to store, oldest first.

    Beyond `KEEP` the oldest that is no change of state goes; a change goes only beyond
    `KEEP_CHANGES`. `dropped` counts what went.
    """

    records: tuple[CycleRecord, ...] = ()
    dropped: int = 0

    def add(self, record: CycleRecord) -> Self:
        records = [*self.records, record]
        dropped = self.dropped
        while len(records) > KEEP:
            older = records[:-1]
            victim = next((kept for kept in older if not kept.decision.changed), None)
            if victim is None and len(records) <= KEEP_CHANGES:
                break
            records.remove(victim or older[0])
            dropped += 1
        return self.model_copy(update={"records": tuple(records), "dropped": dropped})

    def without(self, stored: Iterable[CycleRecord]) -> Self:
        keys = {record.key for record in stored}
        left = tuple(record for record in self.records if record.key not in keys)
        return self.model_copy(update={"records": left})

    @property
    def batch(self) -> tuple[CycleRecord, ...]:
        return self.records[:BATCH]
