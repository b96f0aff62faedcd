"""Delete rows older than their retention, in small transactions."""

from datetime import datetime, timedelta
from typing import LiteralString

from copilot.store.connections import Connections
from copilot.store.sql import Connection

# After their last late task.
QUEUE_DAYS = 1
# Aurora DSQL changes at most 3,000 rows and 10 MiB in a transaction; a cycle is up to 250 kB.
ROWS = 1000
CYCLE_ROWS = 40

CYCLES: LiteralString = (
    "DELETE FROM cycles WHERE key IN"
    " (SELECT key FROM cycles WHERE cluster = %(cluster)s AND at < %(before)s LIMIT %(rows)s)"
)
# The last change before the limit stays: it has the state that held at the limit.
STATE_CHANGES: LiteralString = (
    "DELETE FROM state_changes WHERE key IN"
    " (SELECT key FROM state_changes WHERE cluster = %(cluster)s AND at <"
    " (SELECT max(at) FROM state_changes WHERE cluster = %(cluster)s AND at < %(before)s)"
    " LIMIT %(rows)s)"
)
ISSUES: LiteralString = (
    "DELETE FROM issues WHERE id IN (SELECT id FROM issues"
    " WHERE cluster = %(cluster)s AND resolved_at < %(before)s LIMIT %(rows)s)"
)
ASSESSMENTS: LiteralString = (
    "DELETE FROM assessments WHERE key IN"
    " (SELECT key FROM assessments WHERE cluster = %(cluster)s AND at < %(before)s LIMIT %(rows)s)"
)
QUEUES: LiteralString = (
    "DELETE FROM remembered_queues WHERE id IN (SELECT id FROM remembered_queues"
    " WHERE cluster = %(cluster)s AND last_active_at < %(before)s LIMIT %(rows)s)"
)


async def prune(
    connections: Connections, cluster: str, now: datetime, snapshot_days: int, history_days: int
) -> int:
    snapshots = now - timedelta(days=snapshot_days)
    history = now - timedelta(days=history_days)
    idle = now - timedelta(days=QUEUE_DAYS)
    return (
        await _delete(connections, CYCLES, cluster, snapshots, CYCLE_ROWS)
        + await _delete(connections, STATE_CHANGES, cluster, history, ROWS)
        + await _delete(connections, ISSUES, cluster, history, ROWS)
        + await _delete(connections, ASSESSMENTS, cluster, history, CYCLE_ROWS)
        + await _delete(connections, QUEUES, cluster, idle, ROWS)
    )


async def _delete(
    connections: Connections, query: LiteralString, cluster: str, before: datetime, rows: int
) -> int:
    parameters = {"cluster": cluster, "before": before, "rows": rows}

    async def batch(connection: Connection) -> int:
        return (await connection.execute(query, parameters)).rowcount

    deleted = 0
    while (gone := await connections.transaction(batch)) == rows:
        deleted += gone
    return deleted + gone
