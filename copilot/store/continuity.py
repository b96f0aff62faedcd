"""Since when a state holds, and when nobody looked."""

from datetime import datetime, timedelta

from copilot.health.decision import State
from copilot.signals.snapshot import Frozen, UtcDatetime
from copilot.store.columns import Connection

# More holes than this in one window are no longer told apart by a reader.
MAX_GAPS = 1000


class Beginning(Frozen):
    """When the present state began, and what was before."""

    at: UtcDatetime
    from_state: State


class Gap(Frozen):
    """A time without a verdict that counted: [start, end)."""

    start: UtcDatetime
    end: UtcDatetime


async def beginning(connection: Connection, cluster: str, until: datetime) -> Beginning | None:
    """The last change of state at or before `until`; None when none is stored."""
    cursor = await connection.execute(
        "SELECT at, from_state FROM state_changes WHERE cluster = %s AND at <= %s"
        " ORDER BY at DESC, key DESC LIMIT 1",
        (cluster, until),
    )
    row = await cursor.fetchone()
    return Beginning(at=row[0], from_state=State(row[1])) if row else None


async def gaps(
    connection: Connection, cluster: str, start: datetime, end: datetime, valid_seconds: float
) -> tuple[Gap, ...]:
    """Where one cycle's verdict ceased to count before the next was made, oldest first.

    A verdict counts for `valid_seconds`. The time before the oldest stored cycle is no gap: what
    is pruned cannot be told from what never was.
    """
    valid = timedelta(seconds=valid_seconds)
    cursor = await connection.execute(
        "SELECT at, next_at FROM (SELECT at, lead(at) OVER (ORDER BY at) AS next_at FROM cycles"
        " WHERE cluster = %(cluster)s AND at < %(end)s AND at >= coalesce((SELECT max(at)"
        " FROM cycles WHERE cluster = %(cluster)s AND at <= %(start)s), %(start)s)) AS pairs"
        " WHERE coalesce(next_at, %(end)s) - at > %(valid)s ORDER BY at LIMIT %(most)s",
        {"cluster": cluster, "start": start, "end": end, "valid": valid, "most": MAX_GAPS},
    )
    found = [(max(start, at + valid), next_at or end) async for at, next_at in cursor]
    return tuple(Gap(start=began, end=ended) for began, ended in found if began < ended)
