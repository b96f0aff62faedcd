"""Queries that name task queues and workflow types: of a large cluster, a bounded number of each.

A cluster has thousands of queues, and an answer has a series for each of them. The queries rank
what has a problem first, so that a limit leaves out only what is well.
"""

from copilot.signals.matchers import PER_NAMESPACE, USER, USER_BACKLOG
from copilot.signals.queries import by_outcome, newest
from copilot.signals.queue import LATE_SECONDS

MAX_ACTIVE_QUEUES = 10_000
"""Queues of both kinds; the answer has about 130 bytes for each."""
MAX_SUSPECTED_QUEUES = 1000
"""More than COPILOT_MAX_QUEUES allows to be described in a cycle."""
MAX_FAILING_TYPES = 100
MAX_SUCCESSFUL_TYPES = 20
MAX_SUSPECTED_NAMESPACES = 5

# After this time without a run the rules forget a type: `failing_type_seconds` of the thresholds.
_FAILED_LATELY = "1h"
_QUEUE = "namespace, taskqueue, task_type"
_TYPE = "namespace, taskqueue, workflowType"
_BACKLOG_AGE = "approximate_backlog_age_seconds"
_NO_POLLER = f"rate(counter:no_poller_tasks{{$cluster,{USER_BACKLOG}}}[$long])"

_ACTIVITIES = " or ".join(
    f"sum by ({_QUEUE}) ({activity}) > 0"
    for activity in (
        f"rate(counter:poll_success{{$cluster,{USER_BACKLOG}}}[$long])",
        newest("approximate_backlog_count", USER_BACKLOG),
        _NO_POLLER,
        f"rate(counter:poll_timeouts{{$cluster,{USER_BACKLOG}}}[$long])",
    )
)
ACTIVE_QUEUES = f"topk({MAX_ACTIVE_QUEUES}, {_ACTIVITIES})"
"""Queues with activity in the long window, or with tasks."""

SUSPECTED_QUEUES = (
    f"topk({MAX_SUSPECTED_QUEUES},"
    f" max by ({_QUEUE}) ({newest(_BACKLOG_AGE, USER_BACKLOG)}) > {LATE_SECONDS:g}"
    f" or sum by ({_QUEUE}) ({_NO_POLLER}) > 0)"
)
"""Queues whose tasks are late or have no poller, by the server's own metrics, latest first."""

SUSPECTED_NAMESPACES = (
    f"topk({MAX_SUSPECTED_NAMESPACES}, max by (namespace) ("
    + newest(_BACKLOG_AGE, f'{USER},taskqueue="{PER_NAMESPACE}"')
    + f") > {LATE_SECONDS:g})"
)
"""Namespaces in which tasks of Temporal's own workflows are late: schedules and batch jobs."""

_SUCCESS = by_outcome("workflow_success", outcomes=("success",), where=USER)
_FAILURES = by_outcome(
    "workflow_failed", "workflow_timeout", outcomes=("failed", "timeout"), where=USER
)
_FAILED_TYPES = f"topk({MAX_FAILING_TYPES}, sum by ({_TYPE}) ({_FAILURES}) > 0)".replace(
    "$short", _FAILED_LATELY
)
OUTCOMES = (
    f"sum by ({_TYPE}, outcome) ({_FAILURES} or {_SUCCESS}) and on ({_TYPE}) {_FAILED_TYPES}"
    f" or topk({MAX_SUCCESSFUL_TYPES}, sum by ({_TYPE}, outcome) ({_SUCCESS}))"
)
"""Workflows that end, a second, by namespace, queue, type and outcome.

Of the types that failed in the last hour all outcomes, because one success ends a series of
failures; of the others the most frequent ones.
"""
