"""Queries about the cluster as a whole: is it scraped, how does it name things, who is at work."""

from copilot.signals.expressions import by_outcome
from copilot.signals.scopes import USER, USER_BACKLOG
from copilot.signals.signal import duration

_AGE = "time() - timestamp(up{$cluster})"
_QUEUE = "sum by (namespace, taskqueue, task_type)"

LAST_SCRAPE = f"min by (job) ({_AGE})"
"""Seconds since each job's newest scrape, successful or not.

An instant query's own time is when it is asked, and a series is found for minutes after its last
sample: only `timestamp` of a bare series tells how old a value is.
"""

THIN = (
    "count_over_time(up{$cluster}[$short]) < 2"
    " and count_over_time(up{$cluster}[$short] offset $short) > 0"
)
"""Instances scraped too seldom for a rate over the short window, though not just started."""

NAMING = (
    "count by (__name__) ({$cluster,__name__=~"
    '"(.+_)?persistence_(requests(_total)?|latency(_(milli)?seconds)?_count)",'
    '__name__!~"(.+_)?visibility_.*"})'
)
"""The names under which the cluster exports two metrics that every running service has."""

SUPPORTED_NAMES = frozenset(
    {"persistence_requests_total", "persistence_latency_milliseconds_count"}
)

OUTCOMES = (
    "sum by (namespace, taskqueue, workflowType, outcome) ("
    + by_outcome(
        {
            "success": "workflow_success_total",
            "failed": "workflow_failed_total",
            "timeout": "workflow_timeout_total",
        },
        USER,
    )
    + ")"
)
"""Workflows that end, a second, by namespace, queue, type and outcome."""

ACTIVE_QUEUES = " or ".join(
    f"{_QUEUE} ({found}) > 0"
    for found in (
        f"rate(poll_success_total{{$cluster,{USER_BACKLOG}}}[$long])",
        f"last_over_time(approximate_backlog_count{{$cluster,{USER_BACKLOG}}}[$short])",
        f"rate(no_poller_tasks_total{{$cluster,{USER_BACKLOG}}}[$long])",
        f"rate(poll_timeouts_total{{$cluster,{USER_BACKLOG}}}[$long])",
    )
)
"""Queues at which something happened in the long window, or that hold tasks."""


def fresh_targets(scrape: float, stale_after: float) -> str:
    """Template for the lowest `up` of each job's instances scraped in the last `stale_after` s.

    An instance is down when its last two scrapes failed: a single one also fails when a busy
    machine takes longer than a scrape may.
    """
    recent = f"(max_over_time(up{{$cluster}}[{duration(2 * scrape)}]) or up{{$cluster}})"
    return f"min by (job) ({recent} and ({_AGE}) <= {stale_after:g})"
