"""Cycles that wait for the store, in order."""

from collections.abc import Iterable
from typing import Self

from copilot.signals.reading import Frozen
from copilot.store.records import CycleRecord

# Ten minutes of the default cadence: a restart of the store leaves no gap.
MAX_RECORDS = 20
# With state changes. With 200 queues each, this many records are about 1 MB; Temporal refuses a
# payload above 2 MB.
MAX_WITH_CHANGES = 40
# Records in one call of save_cycles.
BATCH_SIZE = 20


class Outbox(Frozen):
    """Records to store, oldest first.

    Beyond MAX_RECORDS it drops the oldest record without a change of state; beyond
    MAX_WITH_CHANGES it drops the oldest record. `dropped` counts both.
    """

    records: tuple[CycleRecord, ...] = ()
    dropped: int = 0

    def add(self, record: CycleRecord) -> Self:
        records = [*self.records, record]
        dropped = self.dropped
        while len(records) > MAX_RECORDS:
            older = records[:-1]
            victim = next((one for one in older if not one.decision.changed), None)
            if victim is None and len(records) <= MAX_WITH_CHANGES:
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
        return self.records[:BATCH_SIZE]
