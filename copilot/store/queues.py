"""Task queues of earlier cycles: the store knows an abandoned queue that the server forgot."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from copilot.signals.queue import QueueFacts, QueueKey
from copilot.store.records import RememberedQueues
from copilot.store.sql import Connection, select


async def remember(
    connection: Connection, cluster: str, facts: Sequence[QueueFacts], at: datetime
) -> None:
    """Store the queues of a survey at `at`; at most 800, the limit of COPILOT_MAX_QUEUES."""
    # In one order, so that two transactions do not deadlock.
    rows = sorted(
        (
            _id(cluster, queue.key),
            cluster,
            queue.key.namespace,
            queue.key.name,
            queue.key.kind,
            busyness(queue),
            at,
            at,
        )
        for queue in facts
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO remembered_queues"
            " (id, cluster, namespace, name, kind, busyness, seen_at, last_active_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET"
            " busyness = CASE WHEN excluded.seen_at >= remembered_queues.seen_at"
            " THEN excluded.busyness ELSE remembered_queues.busyness END,"
            " seen_at = greatest(excluded.seen_at, remembered_queues.seen_at),"
            " last_active_at = CASE WHEN excluded.busyness > 0"
            " THEN greatest(excluded.last_active_at, remembered_queues.last_active_at)"
            " ELSE remembered_queues.last_active_at END",
            rows,
        )


async def busiest(connection: Connection, cluster: str, limit: int) -> RememberedQueues:
    """At most `limit` queues of earlier cycles, busiest first."""
    keys = await select(
        connection,
        QueueKey,
        "FROM remembered_queues WHERE cluster = %s"
        " ORDER BY busyness DESC, last_active_at DESC, namespace, name, kind LIMIT %s",
        (cluster, limit),
    )
    counting = await connection.execute(
        "SELECT count(*) FROM remembered_queues WHERE cluster = %s", (cluster,)
    )
    (remembered,) = await counting.fetchone() or (0,)
    return RememberedQueues(keys=tuple(keys), truncated=remembered - len(keys))


def busyness(queue: QueueFacts) -> float:
    """Tasks that wait, arrive or leave within a minute; an unserved queue has some too."""
    return queue.backlog + 60 * queue.task_rate


def _id(cluster: str, key: QueueKey) -> UUID:
    name = json.dumps([cluster, key.namespace, key.kind, key.name])
    return uuid5(NAMESPACE_URL, f"copilot/{name}")
