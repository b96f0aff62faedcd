"""Task queues of the monitored cluster: which exist, and how the frontend describes each.

DescribeTaskQueue is exact and immediate, where the server's own gauges lag by a minute. Measured on
server 1.31.0: with `report_stats` and no API mode it answers for all partitions of one kind in
about 3 ms (15 ms for a queue that it has to load), also while the database is down; while matching
is down each call fails after 2 s. A described queue stays loaded; sticky queues are not part of the
answer. Its rates are over the last 30 s; a poller that vanishes is listed for 5 minutes after its
last poll.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio.api.enums.v1 import RateLimitSource, TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client

from copilot.errors import MonitoredClusterError
from copilot.signals.matchers import is_lasting_user_queue
from copilot.signals.monitored_frontend import (
    CALL_SECONDS,
    UnansweredError,
    answered,
    check_access,
    check_frontend,
    with_address,
)
from copilot.signals.needed_tasks import needed_tasks, quoted
from copilot.signals.queue import UNVERSIONED, QueueFacts, QueueKey, QueueKind, QueueSurvey
from copilot.signals.reading import Absence
from copilot.signals.worker_versions import version_backlogs, version_name

_BUDGET_SECONDS = 15.0
# What else is asked of late queues hangs while the worker service or visibility is down, and a
# verdict waits for it.
_MORE_SECONDS = 2.0
_CONCURRENCY = 8
# A namespace may by default list 10 times a second, and its users need some of that.
_PAGE = 500
_PAGES = 5
_COUNTED_NAMESPACES = 50
T = TypeVar("T")

_TYPES = {
    QueueKind.WORKFLOW: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    QueueKind.ACTIVITY: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


async def survey(
    client: Client,
    keys: Sequence[QueueKey],
    *,
    namespaces: Sequence[str] = (),
    call_seconds: float = CALL_SECONDS,
    budget_seconds: float = _BUDGET_SECONDS,
) -> QueueSurvey:
    """Describe the queues `keys`.

    A call may take `call_seconds`, all of them together `budget_seconds`.
    Raises nothing for what the cluster does. `absence` is set when the frontend itself does not
    answer, also without keys, or denies access to every queue, or without keys to the first of
    `namespaces`. Queues without an answer (no matching service, too late) are
    `unanswered`; `detail` is the reason of the first. Queues of a deleted namespace are left out.
    """
    keys = tuple(dict.fromkeys(keys))
    clock = asyncio.get_running_loop()
    end = clock.time() + budget_seconds
    call_seconds = min(call_seconds, budget_seconds)
    try:
        await check_frontend(client, call_seconds)
        if not keys and namespaces:
            await check_access(client, namespaces[0], min(call_seconds, end - clock.time()))
        found, gone, detail = await _describe_all(client, keys, call_seconds, end - clock.time())
        left = min(_MORE_SECONDS, end - clock.time())
        versions, needed = await asyncio.gather(
            version_backlogs(client, found.values(), call_seconds, left),
            needed_tasks(client, found.values(), call_seconds, left),
        )
    except UnansweredError as error:
        return QueueSurvey(unanswered=keys, absence=error.absence, detail=str(error))
    return QueueSurvey(
        queues=tuple(
            found[key].model_copy(
                update={"versions": versions.get(key, ()), "needed": needed.get(key)}
            )
            for key in keys
            if key in found
        ),
        unanswered=tuple(key for key in keys if key not in found and key not in gone),
        detail=detail,
    )


async def visible_queues(
    client: Client,
    namespaces: Iterable[str],
    *,
    call_seconds: float = CALL_SECONDS,
    budget_seconds: float = _BUDGET_SECONDS,
) -> tuple[QueueKey, ...]:
    """Task queues of open workflows, from visibility; those of the newest workflows come first.

    SQL visibility cannot group by task queue, so each page excludes the queues of earlier pages; at
    most 5 pages of 500 workflows a namespace. A failure after the first page ends the list. What is
    found within `budget_seconds` counts. Raises MonitoredClusterError when nothing is answered.
    """
    found: dict[str, tuple[str, ...]] = {}
    failed: dict[str, UnansweredError] = {}

    async def find(namespace: str) -> None:
        try:
            found[namespace] = await _names_of_open_workflows(client, namespace, call_seconds)
        except UnansweredError as error:
            failed[namespace] = error

    names = tuple(namespaces)
    with contextlib.suppress(TimeoutError):
        await _for_each(find, names, budget_seconds)
    if names and not found:
        namespace, error = next(iter(failed.items()), (names[0], None))
        raise MonitoredClusterError(
            f"cannot list the open workflows of namespace {namespace}:"
            f" {error or 'no answer in time'}; see MONITORED_TEMPORAL_ADDRESS,"
            " MONITORED_NAMESPACES and the cluster's visibility"
        ) from error
    return tuple(
        QueueKey(namespace=namespace, name=name, kind=QueueKind.WORKFLOW)
        for namespace in names
        for name in found.get(namespace, ())
        if is_lasting_user_queue(name)
    )


async def open_workflows(
    client: Client, namespaces: Sequence[str], *, call_seconds: float = CALL_SECONDS
) -> int | None:
    """How many workflows are open in the first 50 of `namespaces`, by visibility.

    None when one of them does not answer. Where there are more, at least so many are open.
    """
    limit = timedelta(seconds=call_seconds)
    counts: list[int | None] = []

    async def count(namespace: str) -> None:
        request = CountWorkflowExecutionsRequest(
            namespace=namespace, query="ExecutionStatus = 'Running'"
        )
        call = client.workflow_service.count_workflow_executions(request, timeout=limit)
        try:
            counts.append((await answered(call, call_seconds)).count)
        except UnansweredError:
            counts.append(None)

    counted = namespaces[:_COUNTED_NAMESPACES]
    with contextlib.suppress(TimeoutError):
        await _for_each(count, counted, _BUDGET_SECONDS)
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counted) else None


async def _for_each(
    ask: Callable[[T], Awaitable[None]], subjects: Iterable[T], seconds: float
) -> None:
    """A few at a time; raises TimeoutError when they take longer than `seconds`."""
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def one(subject: T) -> None:
        async with slots:
            await ask(subject)

    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
        for subject in subjects:
            group.create_task(one(subject))


async def _describe_all(
    client: Client, keys: Iterable[QueueKey], call_seconds: float, seconds: float
) -> tuple[dict[QueueKey, QueueFacts], set[QueueKey], str]:
    """Facts of the queues that answered in time, the keys that are gone, and the first failure.

    Raises UnansweredError where access to every queue is denied.
    """
    found: dict[QueueKey, QueueFacts] = {}
    gone: set[QueueKey] = set()
    failures: list[str] = []
    denied: list[UnansweredError] = []

    async def describe(key: QueueKey) -> None:
        try:
            found[key] = await describe_queue(client, key, call_seconds)
        except UnansweredError as error:
            if error.absence is Absence.NO_SERIES:
                gone.add(key)
                return
            if error.absence is Absence.DENIED:
                denied.append(error)
            failures.append(f"{key.full_name} ({key.kind}): {error}")

    try:
        await _for_each(describe, keys, seconds)
    except TimeoutError:
        failures.append(f"task queues were not all described within {seconds:.1f} s")
    if denied and len(denied) == len(failures) and not found:
        raise with_address(denied[0], client)
    return found, gone, failures[0] if failures else ""


async def describe_queue(client: Client, key: QueueKey, call_seconds: float) -> QueueFacts:
    """One queue as the server describes it. Raises UnansweredError."""
    request = DescribeTaskQueueRequest(
        namespace=key.namespace,
        task_queue=TaskQueue(name=key.name),
        task_queue_type=_TYPES[key.kind],
        report_stats=True,
    )
    limit = timedelta(seconds=call_seconds)
    call = client.workflow_service.describe_task_queue(request, timeout=limit)
    return _facts(key, await answered(call, call_seconds))


def _facts(key: QueueKey, response: DescribeTaskQueueResponse) -> QueueFacts:
    stats = response.stats
    version_polls: dict[str, datetime] = {}
    for poller in response.pollers:
        version, at = _version_of(poller), poller.last_access_time.ToDatetime(tzinfo=UTC)
        version_polls[version] = max(at, version_polls.get(version, at))
    return QueueFacts(
        key=key,
        backlog=stats.approximate_backlog_count,
        backlog_age_seconds=stats.approximate_backlog_age.ToTimedelta().total_seconds(),
        add_rate=stats.tasks_add_rate,
        dispatch_rate=stats.tasks_dispatch_rate,
        pollers=len(response.pollers),
        last_poll=max(version_polls.values(), default=None),
        rate_limit=_users_limit(response),
        current_version=_current_version(response),
        polled_versions=tuple(sorted(version_polls.keys() - {UNVERSIONED})),
        version_polls=version_polls,
    )


def _users_limit(response: DescribeTaskQueueResponse) -> float | None:
    """The limit that the API or a worker set; the server's own is not one of users."""
    limit = response.effective_rate_limit
    by_users = (
        RateLimitSource.RATE_LIMIT_SOURCE_API,
        RateLimitSource.RATE_LIMIT_SOURCE_WORKER,
    )
    return limit.requests_per_second if limit.rate_limit_source in by_users else None


def _current_version(response: DescribeTaskQueueResponse) -> str:
    current = response.versioning_info.current_deployment_version
    return version_name(current) if current.deployment_name else ""


def _version_of(poller: PollerInfo) -> str:
    options = poller.deployment_options
    versioned = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
    return version_name(options) if options.worker_versioning_mode == versioned else UNVERSIONED


async def _names_of_open_workflows(
    client: Client, namespace: str, call_seconds: float
) -> tuple[str, ...]:
    names: dict[str, None] = {}
    limit = timedelta(seconds=call_seconds)
    for _ in range(_PAGES):
        query = "ExecutionStatus = 'Running'"
        if names:
            query += f" AND TaskQueue NOT IN ({', '.join(map(quoted, names))})"
        request = ListWorkflowExecutionsRequest(namespace=namespace, page_size=_PAGE, query=query)
        call = client.workflow_service.list_workflow_executions(request, timeout=limit)
        try:
            page = await answered(call, call_seconds)
        except UnansweredError:
            if not names:
                raise
            break
        if not page.executions:
            break
        names |= dict.fromkeys(execution.task_queue for execution in page.executions)
    return tuple(names)
