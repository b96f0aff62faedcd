"""Whether open workflows need the tasks that wait on a queue, by visibility.

Tasks of workflows that were terminated, or have ended otherwise, may stay in a queue without
workers for weeks.
"""

import asyncio
import contextlib
from collections.abc import Collection, Iterable
from datetime import timedelta

from temporalio.api.workflowservice.v1 import (
    CountActivityExecutionsRequest,
    CountWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client

from copilot.signals.monitored_frontend import UnansweredError, answered
from copilot.signals.queue import QueueFacts, QueueKey, QueueKind
from copilot.signals.reading import Absence

# A namespace may by default list and count 10 times a second, and its users need some of that.
_NAMESPACES = 3
_QUEUES = 100
_PAGE = 100
_PAGES = 3
_RUNNING = "ExecutionStatus = 'Running'"


async def needed_tasks(
    client: Client, described: Iterable[QueueFacts], call_seconds: float, seconds: float
) -> dict[QueueKey, bool]:
    """For queues with late tasks to which nothing is added: whether an open workflow needs them.

    At most 3 namespaces, with 3 lists and 2 counts each. Queues of which it is not known are left
    out: an activity's workflow is known by its own queue only, so its task may be needed as long as
    any workflow or standalone activity of the namespace is open.
    """
    waiting = [facts.key for facts in described if facts.is_late and not facts.add_rate][:_QUEUES]
    needed: dict[QueueKey, bool] = {}
    with contextlib.suppress(TimeoutError, UnansweredError):
        async with asyncio.timeout(seconds):
            for namespace in list(dict.fromkeys(key.namespace for key in waiting))[:_NAMESPACES]:
                keys = [key for key in waiting if key.namespace == namespace]
                needed |= await _of_workflows(client, namespace, keys, call_seconds)
                needed |= await _of_activities(client, namespace, keys, call_seconds)
    return needed


async def _of_workflows(
    client: Client, namespace: str, keys: Collection[QueueKey], call_seconds: float
) -> dict[QueueKey, bool]:
    """Each page removes the queues that it names, until none is left with an open workflow."""
    by_name = {key.name: key for key in keys if key.kind is QueueKind.WORKFLOW}
    needed: dict[QueueKey, bool] = {}
    for _ in range(_PAGES):
        if not by_name:
            break
        query = f"{_RUNNING} AND TaskQueue IN ({', '.join(map(quoted, by_name))})"
        request = ListWorkflowExecutionsRequest(namespace=namespace, page_size=_PAGE, query=query)
        call = client.workflow_service.list_workflow_executions(
            request, timeout=timedelta(seconds=call_seconds)
        )
        page = await answered(call, call_seconds)
        if not page.executions:
            return needed | dict.fromkeys(by_name.values(), False)
        for name in {execution.task_queue for execution in page.executions}:
            if key := by_name.pop(name, None):
                needed[key] = True
    return needed


async def _of_activities(
    client: Client, namespace: str, keys: Collection[QueueKey], call_seconds: float
) -> dict[QueueKey, bool]:
    """False for all where nothing is open in the namespace, else nothing is known."""
    activities = [key for key in keys if key.kind is QueueKind.ACTIVITY]
    if not activities:
        return {}
    limit = timedelta(seconds=call_seconds)
    workflows = CountWorkflowExecutionsRequest(namespace=namespace, query=_RUNNING)
    counted = client.workflow_service.count_workflow_executions(workflows, timeout=limit)
    if (await answered(counted, call_seconds)).count:
        return {}
    standalone = CountActivityExecutionsRequest(namespace=namespace, query=_RUNNING)
    call = client.workflow_service.count_activity_executions(standalone, timeout=limit)
    try:
        if (await answered(call, call_seconds)).count:
            return {}
    except UnansweredError as error:
        if error.absence is not Absence.BAD_ANSWER:  # a server that has none, or has them disabled
            raise
    return dict.fromkeys(activities, False)


def quoted(name: str) -> str:
    """A name as a string of a visibility query."""
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
