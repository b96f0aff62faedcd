"""Task queues seen before: an abandoned one vanishes from the server's series, not from here."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from copilot.signals.snapshot import QueueFacts, QueueKey
from copilot.store.columns import Connection, storable
from copilot.store.rows import RememberedQueues


async def remember(
    connection: Connection, cluster: str, facts: Sequence[QueueFacts], at: datetime
) -> None:
    rows = sorted(_row(cluster, queue, at) for queue in facts)
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
    cursor = await connection.execute(
        "SELECT namespace, name, kind FROM remembered_queues WHERE cluster = %s"
        " ORDER BY busyness DESC, last_active_at DESC, namespace, name, kind LIMIT %s",
        (cluster, limit),
    )
    keys = tuple(
        [
            QueueKey(namespace=namespace, name=name, kind=kind)
            async for namespace, name, kind in cursor
        ]
    )
    counting = await connection.execute(
        "SELECT count(*) FROM remembered_queues WHERE cluster = %s", (cluster,)
    )
    (remembered,) = await counting.fetchone() or (0,)
    return RememberedQueues(keys=keys, truncated=remembered - len(keys))


def busyness(queue: QueueFacts) -> float:
    """Tasks that wait, arrive or leave within a minute: a queue that nobody serves ranks too."""
    return queue.backlog + 60 * (queue.add_rate + queue.dispatch_rate)


def _row(
    cluster: str, queue: QueueFacts, at: datetime
) -> tuple[UUID, str, str, str, str, float, datetime, datetime]:
    key = queue.key
    name = json.dumps([cluster, key.namespace, key.kind, key.name])
    return (
        uuid5(NAMESPACE_URL, f"copilot/{name}"),
        cluster,
        storable(key.namespace),
        storable(key.name),
        key.kind.value,
        busyness(queue),
        at,
        at,
    )
