"""Temporal's own task queues, by which its worker service runs schedules, batch jobs and the like.

Two calls a namespace and two for the cluster, of about 3 ms each. The queues of server 1.31.0:
common/primitives/task_queues.go and service/worker.
"""

import asyncio
from collections.abc import Sequence

from temporalio.client import Client

from copilot.signals.matchers import (
    PARENT_CLOSE_POLICY,
    PER_NAMESPACE,
    SYSTEM_NAMESPACE,
    SYSTEM_WORKFLOWS,
)
from copilot.signals.monitored_frontend import UnansweredError
from copilot.signals.queue import QueueFacts, QueueKey, QueueKind
from copilot.signals.task_queues import describe_queue

MAX_NAMESPACES = 15
_CONCURRENCY = 4


async def describe_system_queues(
    client: Client, namespaces: Sequence[str], call_seconds: float
) -> tuple[QueueFacts, ...]:
    """The queues that are described in time, of the first 15 of `namespaces`.

    Those that are not, or to which access is denied, are left out: that the frontend or matching
    does not answer shows in users' queues.
    """
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def one(key: QueueKey) -> QueueFacts | None:
        async with slots:
            try:
                return await describe_queue(client, key, call_seconds)
            except UnansweredError:
                return None

    found = await asyncio.gather(*(one(key) for key in _keys(namespaces[:MAX_NAMESPACES])))
    return tuple(facts for facts in found if facts)


def _keys(namespaces: Sequence[str]) -> list[QueueKey]:
    own = [
        QueueKey(namespace=namespace, name=PER_NAMESPACE, kind=kind)
        for namespace in namespaces
        for kind in QueueKind
    ]
    return own + [
        QueueKey(namespace=SYSTEM_NAMESPACE, name=name, kind=QueueKind.WORKFLOW)
        for name in (SYSTEM_WORKFLOWS, PARENT_CLOSE_POLICY)
    ]
