"""Changes of state with the cursor that pages through them, and gaps between verdicts."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from copilot.health.decision import State
from copilot.store.records import CycleRecord, Gap, StateChange, StateStart, TimelinePage
from copilot.store.sql import Connection, insert, select

# A chart cannot show more gaps apart from each other.
MAX_GAPS = 1000
WRONG_CURSOR = "the cursor is not from an earlier page: leave it out"


class Position(NamedTuple):
    """The last change of the previous page; the nil key sorts before every change of its time."""

    at: datetime
    key: UUID

    def cursor(self) -> str:
        return urlsafe_b64encode(f"{self.at.isoformat()} {self.key}".encode()).decode()


def position(cursor: str | None, start: datetime) -> Position:
    """Raises ValueError when `cursor` is not the cursor of a page."""
    if cursor is None:
        return Position(start, UUID(int=0))
    try:
        at, _, key = urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        found = Position(datetime.fromisoformat(at), UUID(key))
    except ValueError as error:
        raise ValueError(WRONG_CURSOR) from error
    if found.at.tzinfo is None:
        raise ValueError(WRONG_CURSOR)
    return found


async def add(connection: Connection, record: CycleRecord) -> None:
    decision = record.decision
    change = StateChange(
        key=record.key,
        at=decision.at,
        cycle=decision.cycle,
        from_state=decision.previous_state,
        to_state=decision.state,
        band=decision.band,
        causes=decision.causes,
        summary=record.explanation.summary,
    )
    values = {"cluster": decision.cluster, **dict(change)}
    await insert(connection, "state_changes", "key", values)


async def page(
    connection: Connection,
    cluster: str,
    start: datetime,
    end: datetime,
    *,
    limit: int,
    after: Position,
) -> TimelinePage:
    earlier = await connection.execute(
        "SELECT to_state FROM state_changes WHERE cluster = %s AND at < %s"
        " ORDER BY at DESC, key DESC LIMIT 1",
        (cluster, start),
    )
    last_change = await earlier.fetchone()
    changes = await select(
        connection,
        StateChange,
        "FROM state_changes WHERE cluster = %s AND at >= %s AND at < %s AND (at, key) > (%s, %s)"
        " ORDER BY at, key LIMIT %s",
        (cluster, start, end, after.at, after.key, limit + 1),
    )
    shown = changes[:limit]
    has_more = len(changes) > limit
    return TimelinePage(
        state_at_start=last_change[0] if last_change else State.UNKNOWN,
        changes=tuple(shown),
        next_cursor=Position(shown[-1].at, shown[-1].key).cursor() if has_more else None,
    )


async def state_start(connection: Connection, cluster: str, until: datetime) -> StateStart | None:
    """The last change of state at or before `until`; None when none is stored."""
    found = await select(
        connection,
        StateStart,
        "FROM state_changes WHERE cluster = %s AND at <= %s ORDER BY at DESC, key DESC LIMIT 1",
        (cluster, until),
    )
    return found[0] if found else None


async def gaps(
    connection: Connection, cluster: str, start: datetime, end: datetime, valid_seconds: float
) -> tuple[Gap, ...]:
    """Times between the end of one verdict's validity and the next verdict, oldest first.

    A verdict is valid for `valid_seconds`. The time before the oldest stored cycle is not a gap:
    its cycles may have been pruned.
    """
    valid = timedelta(seconds=valid_seconds)
    cursor = await connection.execute(
        "SELECT at, next_at FROM (SELECT at, lead(at) OVER (ORDER BY at) AS next_at FROM cycles"
        " WHERE cluster = %(cluster)s AND at < %(end)s AND at >= coalesce((SELECT max(at)"
        " FROM cycles WHERE cluster = %(cluster)s AND at <= %(start)s), %(start)s)) AS pairs"
        " WHERE coalesce(next_at, %(end)s) - at > %(valid)s ORDER BY at LIMIT %(limit)s",
        {"cluster": cluster, "start": start, "end": end, "valid": valid, "limit": MAX_GAPS},
    )
    pairs = [(max(start, at + valid), next_at or end) async for at, next_at in cursor]
    return tuple(Gap(start=first, end=last) for first, last in pairs if first < last)
