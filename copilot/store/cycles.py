"""Whole cycles: saved once, read back as they were."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from copilot.explain.explanation import Explanation
from copilot.health.decision import Decision, Memory
from copilot.record import CycleRecord
from copilot.signals.snapshot import Snapshot
from copilot.store import assessments, issues, timeline
from copilot.store.columns import Connection, from_causes, from_names, storable, to_causes, to_names
from copilot.store.rows import CyclePoint


async def save(connection: Connection, record: CycleRecord) -> None:
    """Store the cycle with its state change and issues, unless it is stored already."""
    decision = record.decision
    # Two saves at once could each miss what the other changes of an issue: this row makes one of
    # them fail with 40001 and come again.
    await connection.execute(
        "INSERT INTO clusters (cluster, saves) VALUES (%s, 1)"
        " ON CONFLICT (cluster) DO UPDATE SET saves = clusters.saves + 1",
        (decision.cluster,),
    )
    inserted = await connection.execute(
        "INSERT INTO cycles (key, cluster, run_id, cycle, at, state, band, idle, fired, causes,"
        " issues, decision, snapshot, explanation)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (key) DO NOTHING",
        (
            record.key,
            decision.cluster,
            storable(record.run_id),
            decision.cycle,
            decision.at,
            decision.state.value,
            decision.band.value if decision.band else None,
            decision.idle,
            from_names(dict.fromkeys(gate.name for gate in decision.fired)),
            from_causes(decision.causes),
            from_names(issues.by_fingerprint(record.explanation)),
            decision.model_dump_json(),
            record.snapshot.model_dump_json(),
            record.explanation.model_dump_json(),
        ),
    )
    if not inserted.rowcount:
        return
    if decision.changed:
        await timeline.add(connection, record)
    await issues.apply(connection, record)
    await assessments.save(connection, record)


async def latest(connection: Connection, cluster: str) -> CycleRecord | None:
    cursor = await connection.execute(
        "SELECT run_id, decision, snapshot, explanation FROM cycles"
        " WHERE cluster = %s ORDER BY at DESC LIMIT 1",
        (cluster,),
    )
    return _record(await cursor.fetchone())


async def get(connection: Connection, key: UUID) -> CycleRecord | None:
    cursor = await connection.execute(
        "SELECT run_id, decision, snapshot, explanation FROM cycles WHERE key = %s", (key,)
    )
    return _record(await cursor.fetchone())


async def decisions(
    connection: Connection, cluster: str, until: datetime, limit: int
) -> tuple[Decision, ...]:
    """The last `limit` decisions up to `until`, oldest first."""
    cursor = await connection.execute(
        "SELECT decision FROM cycles WHERE cluster = %s AND at <= %s ORDER BY at DESC LIMIT %s",
        (cluster, until, limit),
    )
    newest_first = [Decision.model_validate_json(row[0]) async for row in cursor]
    return tuple(reversed(newest_first))


def _record(row: TupleRow | None) -> CycleRecord | None:
    if row is None:
        return None
    run_id, decision, snapshot, explanation = row
    return CycleRecord(
        run_id=run_id,
        decision=Decision.model_validate_json(decision),
        snapshot=Snapshot.model_validate_json(snapshot),
        explanation=Explanation.model_validate_json(explanation),
    )


async def load_memory(connection: Connection, cluster: str) -> Memory | None:
    cursor = await connection.execute(
        "SELECT decision FROM cycles WHERE cluster = %s ORDER BY at DESC LIMIT 1", (cluster,)
    )
    row = await cursor.fetchone()
    return Decision.model_validate_json(row[0]).memory if row else None


async def points(
    connection: Connection, cluster: str, start: datetime, end: datetime, limit: int
) -> tuple[CyclePoint, ...]:
    cursor = await connection.execute(
        "SELECT at, cycle, state, band, idle, fired, causes FROM cycles"
        " WHERE cluster = %s AND at >= %s AND at < %s ORDER BY at DESC LIMIT %s",
        (cluster, start, end, limit),
    )
    newest_first = [
        CyclePoint(
            at=at,
            cycle=cycle,
            state=state,
            band=band,
            idle=idle,
            fired=to_names(fired),
            causes=to_causes(causes),
        )
        async for at, cycle, state, band, idle, fired, causes in cursor
    ]
    return tuple(reversed(newest_first))
