"""Snapshots of the same half hour of earlier days."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from copilot.signals.snapshot import Snapshot
from copilot.store.sql import Connection

DAYS = 7
_STEP = timedelta(minutes=15)
_STEPS = 2


async def snapshots(connection: Connection, cluster: str, now: datetime) -> tuple[Snapshot, ...]:
    """For each of the last 7 days the first snapshot of each quarter of the half hour from `now`.

    At most 14, oldest first; those that are pruned, or were never taken, are left out.
    """
    found = []
    for start in _starts(now):
        cursor = await connection.execute(
            "SELECT snapshot FROM cycles WHERE cluster = %s AND at >= %s AND at < %s"
            " ORDER BY at LIMIT 1",
            (cluster, start, start + _STEP),
        )
        if row := await cursor.fetchone():
            found.append(Snapshot.model_validate_json(row[0]))
    return tuple(found)


def _starts(now: datetime) -> Iterable[datetime]:
    for day in range(DAYS, 0, -1):
        for step in range(_STEPS):
            yield now - timedelta(days=day) + step * _STEP
