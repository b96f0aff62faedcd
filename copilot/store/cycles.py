"""Cycles with their decision, snapshot and explanation."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from copilot.explain.explanation import Explanation
from copilot.health.decision import Decision, Memory
from copilot.signals.snapshot import Snapshot
from copilot.store import assessments, issues, timeline
from copilot.store.records import CyclePoint, CycleRecord, StateStart
from copilot.store.sql import Connection, insert, select


async def save(connection: Connection, record: CycleRecord) -> None:
    """Store the cycle with its state change, issues and assessment, unless it is stored already."""
    decision = record.decision
    # Two concurrent saves could each miss the other's change of an issue: this row makes one of
    # them fail with SQLSTATE 40001 and run again.
    await connection.execute(
        "INSERT INTO clusters (cluster, saves) VALUES (%s, 1)"
        " ON CONFLICT (cluster) DO UPDATE SET saves = clusters.saves + 1",
        (decision.cluster,),
    )
    is_new = await insert(
        connection,
        "cycles",
        "key",
        {
            "key": record.key,
            "cluster": decision.cluster,
            "run_id": record.run_id,
            "cycle": decision.cycle,
            "at": decision.at,
            "state": decision.state,
            "band": decision.band,
            "idle": decision.idle,
            "fired": tuple(dict.fromkeys(result.name for result in decision.fired)),
            "causes": decision.causes,
            "issues": issues.fingerprint_list(issues.by_fingerprint(record.explanation)),
            "decision": decision,
            "snapshot": record.snapshot,
            "explanation": record.explanation,
        },
    )
    if not is_new:
        return
    if decision.changed:
        await timeline.add(connection, record)
    await issues.update(connection, record)
    await assessments.save(connection, record)


async def latest(connection: Connection, cluster: str) -> CycleRecord | None:
    """The cluster's last cycle in time, None before the first."""
    cursor = await connection.execute(
        "SELECT run_id, decision, snapshot, explanation FROM cycles"
        " WHERE cluster = %s ORDER BY at DESC LIMIT 1",
        (cluster,),
    )
    return _record(await cursor.fetchone())


async def get(connection: Connection, key: UUID) -> CycleRecord | None:
    """The cycle with that key, None when it is not stored or pruned."""
    cursor = await connection.execute(
        "SELECT run_id, decision, snapshot, explanation FROM cycles WHERE key = %s", (key,)
    )
    return _record(await cursor.fetchone())


async def records(
    connection: Connection,
    cluster: str,
    start: datetime,
    end: datetime,
    *,
    limit: int,
    after: CycleRecord | None = None,
) -> tuple[CycleRecord, ...]:
    """The first `limit` cycles of the window, oldest first, or the next ones `after` a cycle."""
    at, key = (after.decision.at, after.key) if after else (start, UUID(int=0))
    cursor = await connection.execute(
        "SELECT run_id, decision, snapshot, explanation FROM cycles"
        " WHERE cluster = %s AND at >= %s AND at < %s AND (at, key) > (%s, %s)"
        " ORDER BY at, key LIMIT %s",
        (cluster, max(start, at), end, at, key, limit),
    )
    return tuple([record async for row in cursor if (record := _record(row))])


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


async def load_memory(
    connection: Connection, cluster: str, before: datetime | None = None
) -> Memory | None:
    """The memory of the cluster's last cycle, or of its last `before` a time; None without one."""
    cursor = await connection.execute(
        "SELECT decision FROM cycles WHERE cluster = %s AND at < %s ORDER BY at DESC LIMIT 1",
        (cluster, before or "infinity"),
    )
    row = await cursor.fetchone()
    return Decision.model_validate_json(row[0]).memory if row else None


async def points(
    connection: Connection, cluster: str, start: datetime, end: datetime, limit: int
) -> tuple[CyclePoint, ...]:
    """The newest `limit` cycles of the window, oldest first."""
    newest_first = await select(
        connection,
        CyclePoint,
        "FROM cycles WHERE cluster = %s AND at >= %s AND at < %s ORDER BY at DESC LIMIT %s",
        (cluster, start, end, limit),
    )
    return tuple(reversed(newest_first))


async def last_points(
    connection: Connection, clusters: Iterable[str]
) -> dict[str, tuple[CyclePoint, StateStart | None]]:
    """The last cycle of each cluster that has one, without its evidence, and its state's start."""
    found = {}
    for cluster in clusters:
        newest = await select(
            connection,
            CyclePoint,
            "FROM cycles WHERE cluster = %s ORDER BY at DESC LIMIT 1",
            (cluster,),
        )
        for point in newest:
            found[cluster] = point, await timeline.state_start(connection, cluster, point.at)
    return found


async def next_cluster(connection: Connection, after: str) -> str:
    """The stored cluster whose name follows, or the first one; `after` where none is stored."""
    cursor = await connection.execute(
        "SELECT coalesce((SELECT min(cluster) FROM clusters WHERE cluster > %(after)s),"
        " (SELECT min(cluster) FROM clusters), %(after)s)",
        {"after": after},
    )
    row = await cursor.fetchone()
    return str(row[0]) if row else after
