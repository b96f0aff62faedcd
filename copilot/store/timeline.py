"""Changes of state, and the cursor that pages through them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from copilot.health.decision import State
from copilot.record import CycleRecord
from copilot.store.columns import Connection, from_causes, storable, to_causes
from copilot.store.rows import StateChange, TimelinePage


class Position(NamedTuple):
    """The last change of the page before; the nil key stands before every change of its time."""

    at: datetime
    key: UUID

    def cursor(self) -> str:
        return urlsafe_b64encode(f"{self.at.isoformat()} {self.key}".encode()).decode()


def position(cursor: str | None, start: datetime) -> Position:
    """Raises ValueError when `cursor` is not one that a page gave."""
    if cursor is None:
        return Position(start, UUID(int=0))
    try:
        at, _, key = urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        found = Position(datetime.fromisoformat(at), UUID(key))
    except ValueError as error:
        raise ValueError("the cursor is none that an earlier page gave: leave it out") from error
    if found.at.tzinfo is None:
        raise ValueError("the cursor is none that an earlier page gave: leave it out")
    return found


async def add(connection: Connection, record: CycleRecord) -> None:
    decision = record.decision
    await connection.execute(
        "INSERT INTO state_changes"
        " (key, cluster, at, cycle, from_state, to_state, band, causes, summary)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        (
            record.key,
            decision.cluster,
            decision.at,
            decision.cycle,
            decision.previous_state.value,
            decision.state.value,
            decision.band.value if decision.band else None,
            from_causes(decision.causes),
            storable(record.explanation.summary),
        ),
    )


async def page(
    connection: Connection,
    cluster: str,
    start: datetime,
    end: datetime,
    *,
    limit: int,
    after: Position,
) -> TimelinePage:
    before = await connection.execute(
        "SELECT to_state FROM state_changes WHERE cluster = %s AND at < %s"
        " ORDER BY at DESC, key DESC LIMIT 1",
        (cluster, start),
    )
    known = await before.fetchone()
    cursor = await connection.execute(
        "SELECT key, at, cycle, from_state, to_state, band, causes, summary FROM state_changes"
        " WHERE cluster = %s AND at >= %s AND at < %s AND (at, key) > (%s, %s)"
        " ORDER BY at, key LIMIT %s",
        (cluster, start, end, after.at, after.key, limit + 1),
    )
    changes = [
        StateChange(
            key=key,
            at=at,
            cycle=cycle,
            from_state=from_state,
            to_state=to_state,
            band=band,
            causes=to_causes(causes),
            summary=summary,
        )
        async for key, at, cycle, from_state, to_state, band, causes, summary in cursor
    ]
    shown = changes[:limit]
    more = len(changes) > limit
    return TimelinePage(
        state_at_start=known[0] if known else State.UNKNOWN,
        changes=tuple(shown),
        next_cursor=Position(shown[-1].at, shown[-1].key).cursor() if more else None,
    )
