"""How users' workers fare: what the server sees of all of them, and what they say of themselves.

Schedule-to-start is read from the server, not from the SDKs: it covers every worker whether
scraped or not, in milliseconds and from 1 ms on. The SDKs' own histograms begin at 100 ms where
they are built on Core (Python, TypeScript, .NET, Ruby), and are in seconds in Go and Java.

Gauges have one name in all SDKs. A counter of Core has no suffix unless the worker asks for one
(`counters_total_suffix`), and `_total` in Go and Java: both are asked for.
"""

from functools import partial

from copilot.signals.expressions import (
    newest,
    observations,
    per_second,
    per_second_of_any,
    quantile_of,
    share,
)
from copilot.signals.names import SignalName as S
from copilot.signals.scopes import RARE, USER_QUEUE
from copilot.signals.signal import Condition, Kind, Role, Shape, Signal

_SCHEDULE_TO_START = "task_schedule_to_start_latency_milliseconds"
_WORKFLOW_TASKS = USER_QUEUE + ',task_type="Workflow"'
_ACTIVITY_TASKS = USER_QUEUE + ',task_type="Activity"'
# The server's own workers speak the same names from the server's own jobs.
_USERS = f'job!~"{"|".join(role.job for role in Role)}"'
_WORKFLOW_SLOTS = _USERS + ',worker_type="WorkflowWorker"'
_ACTIVITY_SLOTS = _USERS + ',worker_type="ActivityWorker"'
# With sticky ones: Core says sticky_workflow_task, Go says workflow_sticky_task.
_WORKFLOW_POLLERS = _USERS + ',poller_type=~".*workflow.*"'
_ACTIVITY_POLLERS = _USERS + ',poller_type="activity_task"'
_HITS = ("temporal_sticky_cache_hit", "temporal_sticky_cache_hit_total")
_MISSES = ("temporal_sticky_cache_miss", "temporal_sticky_cache_miss_total")
_LOOKUPS = per_second_of_any(*_HITS, *_MISSES, where=_USERS)
_FAILURES = (
    "temporal_request_failure",
    "temporal_request_failure_total",
    "temporal_long_request_failure",
    "temporal_long_request_failure_total",
)

_seen = partial(Signal, kind=Kind.WORKER)
_said = partial(Signal, kind=Kind.WORKER, condition=Condition.SDK, role=None)


def _fewest(gauge: str, where: str) -> str:
    """The sum of a gauge over a task queue's workers, for the queue that has least of it."""
    return f"min(sum by (namespace, task_queue) ({newest(gauge, where)}))"


WORKER_SIDE: tuple[Signal, ...] = (
    _seen(
        name=S.WORKFLOW_SCHEDULE_TO_START_P95,
        title="Workflow task schedule-to-start, p95",
        unit="ms",
        shape=Shape.QUANTILE,
        role=Role.HISTORY,
        meaning="How long workflow tasks wait until a worker has them.",
        promql=quantile_of(0.95, _SCHEDULE_TO_START, _WORKFLOW_TASKS),
        count_promql=observations(_SCHEDULE_TO_START, _WORKFLOW_TASKS),
    ),
    _seen(
        name=S.ACTIVITY_SCHEDULE_TO_START_P95,
        title="Activity task schedule-to-start, p95",
        unit="ms",
        shape=Shape.QUANTILE,
        role=Role.HISTORY,
        meaning="How long activity tasks wait until a worker has them.",
        promql=quantile_of(0.95, _SCHEDULE_TO_START, _ACTIVITY_TASKS),
        count_promql=observations(_SCHEDULE_TO_START, _ACTIVITY_TASKS),
    ),
    _seen(
        name=S.SYNC_MATCH_RATIO,
        title="Tasks handed over at once",
        unit="ratio",
        shape=Shape.RATIO,
        role=Role.MATCHING,
        meaning="Share of tasks for which a worker was already waiting, so that they were never "
        "written to a backlog.",
        promql=share(
            per_second("poll_success_sync_total", USER_QUEUE),
            per_second("poll_success_total", USER_QUEUE),
        ),
        count_promql=per_second("poll_success_total", USER_QUEUE),
    ),
    _said(
        name=S.WORKFLOW_SLOTS_AVAILABLE,
        title="Free workflow slots",
        unit="slots",
        shape=Shape.GAUGE,
        meaning="Workflow tasks that a task queue's workers could take on at once, at the queue "
        "with fewest; workers with resource-based tuning do not say.",
        promql=_fewest("temporal_worker_task_slots_available", _WORKFLOW_SLOTS),
    ),
    _said(
        name=S.ACTIVITY_SLOTS_AVAILABLE,
        title="Free activity slots",
        unit="slots",
        shape=Shape.GAUGE,
        meaning="Activities that a task queue's workers could take on at once, at the queue with "
        "fewest; workers with resource-based tuning do not say.",
        promql=_fewest("temporal_worker_task_slots_available", _ACTIVITY_SLOTS),
    ),
    _said(
        name=S.WORKFLOW_SLOTS_USED,
        title="Workflow slots in use",
        unit="slots",
        shape=Shape.GAUGE,
        meaning="Workflow tasks that all workers are at.",
        promql=f"sum({newest('temporal_worker_task_slots_used', _WORKFLOW_SLOTS)})",
    ),
    _said(
        name=S.ACTIVITY_SLOTS_USED,
        title="Activity slots in use",
        unit="slots",
        shape=Shape.GAUGE,
        meaning="Activities that all workers are at.",
        promql=f"sum({newest('temporal_worker_task_slots_used', _ACTIVITY_SLOTS)})",
    ),
    _said(
        name=S.WORKFLOW_POLLERS,
        title="Workflow pollers",
        unit="pollers",
        shape=Shape.GAUGE,
        meaning="Polls for workflow tasks that all workers have under way, sticky ones too.",
        promql=f"sum({newest('temporal_num_pollers', _WORKFLOW_POLLERS)})",
    ),
    _said(
        name=S.ACTIVITY_POLLERS,
        title="Activity pollers",
        unit="pollers",
        shape=Shape.GAUGE,
        meaning="Polls for activity tasks that all workers have under way.",
        promql=f"sum({newest('temporal_num_pollers', _ACTIVITY_POLLERS)})",
    ),
    _said(
        name=S.STICKY_CACHE_HIT_RATIO,
        title="Sticky cache hits",
        unit="ratio",
        shape=Shape.RATIO,
        meaning="Share of workflow tasks whose workflow the worker still had in memory; the others "
        "are replayed from their history.",
        promql=share(per_second_of_any(*_HITS, where=_USERS), _LOOKUPS),
        count_promql=_LOOKUPS,
    ),
    _said(
        name=S.STICKY_CACHE_SIZE,
        title="Workflows cached by workers",
        unit="workflows",
        shape=Shape.GAUGE,
        meaning="Workflows that all workers keep in memory.",
        promql=f"sum({newest('temporal_sticky_cache_size', _USERS)})",
    ),
    _said(
        name=S.WORKER_REQUEST_FAILURE_RATE,
        title="Workers' failed calls",
        unit="calls/s",
        shape=Shape.RATE,
        meaning="Calls of workers and clients to the server that failed, long polls among them.",
        promql=per_second_of_any(*_FAILURES, where=_USERS),
        absent_when_healthy=RARE,
    ),
)
