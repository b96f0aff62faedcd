"""Users' workers, as their SDKs report them.

A gauge has one name in all SDKs. A counter of Core (Python, TypeScript, .NET, Ruby) has no suffix
unless the worker sets `counters_total_suffix`; in Go and Java it ends in `_total`. Both are read.
"""

from functools import partial

from copilot.signals.queries import (
    gauge,
    newest,
    per_second_of_any,
    rate_of_any,
    ratio,
    sdk,
)
from copilot.signals.signal import RARE, Condition, Kind, Signal
from copilot.signals.signal_names import SignalName as S

# The server's own workers export the same names from the server's own targets.
_USERS = '$role!~$roles,namespace!~"temporal.system",task_queue!~"temporal.sys.*"'
_WORKFLOW_SLOTS = _USERS + ',worker_type="WorkflowWorker"'
_ACTIVITY_SLOTS = _USERS + ',worker_type="ActivityWorker"'
# Sticky ones too: sticky_workflow_task in Core, workflow_sticky_task in Go.
_WORKFLOW_POLLERS = _USERS + ',poller_type=~".*workflow.*"'
_ACTIVITY_POLLERS = _USERS + ',poller_type="activity_task"'
_HITS = (sdk("temporal_sticky_cache_hit"), sdk("temporal_sticky_cache_hit_total"))
_MISSES = (sdk("temporal_sticky_cache_miss"), sdk("temporal_sticky_cache_miss_total"))
_HIT_RATE = per_second_of_any(*_HITS, where=_USERS)
_LOOKUP_RATE = per_second_of_any(*_HITS, *_MISSES, where=_USERS)
_FAILURES = (
    sdk("temporal_request_failure"),
    sdk("temporal_request_failure_total"),
    sdk("temporal_long_request_failure"),
    sdk("temporal_long_request_failure_total"),
)
_worker_signal = partial(Signal, kind=Kind.WORKER, condition=Condition.SDK, role=None)


def _fewest(gauge_name: str, where: str) -> str:
    """The smallest sum of a gauge over the workers of one task queue."""
    return f"min(sum by (namespace, task_queue) ({newest(gauge_name, where)}))"


WORKERS = (
    _worker_signal(
        name=S.WORKFLOW_SLOTS_AVAILABLE,
        title="Free workflow slots",
        unit="slots",
        supports=True,
        meaning="Workflow tasks that a task queue's workers could take on at once, at the queue "
        "with fewest; workers with resource-based tuning do not report it.",
        query=gauge(_fewest(sdk("temporal_worker_task_slots_available"), _WORKFLOW_SLOTS)),
    ),
    _worker_signal(
        name=S.ACTIVITY_SLOTS_AVAILABLE,
        title="Free activity slots",
        unit="slots",
        supports=True,
        meaning="Activities that a task queue's workers could take on at once, at the queue with "
        "fewest; workers with resource-based tuning do not report it.",
        query=gauge(_fewest(sdk("temporal_worker_task_slots_available"), _ACTIVITY_SLOTS)),
    ),
    _worker_signal(
        name=S.WORKFLOW_SLOTS_USED,
        title="Workflow slots in use",
        unit="slots",
        supports=True,
        meaning="Workflow tasks that all workers execute.",
        query=gauge(f"sum({newest(sdk('temporal_worker_task_slots_used'), _WORKFLOW_SLOTS)})"),
    ),
    _worker_signal(
        name=S.ACTIVITY_SLOTS_USED,
        title="Activity slots in use",
        unit="slots",
        supports=True,
        meaning="Activities that all workers execute.",
        query=gauge(f"sum({newest(sdk('temporal_worker_task_slots_used'), _ACTIVITY_SLOTS)})"),
    ),
    _worker_signal(
        name=S.WORKFLOW_POLLERS,
        title="Workflow pollers",
        unit="pollers",
        meaning="Polls for workflow tasks that all workers have under way, sticky ones too.",
        query=gauge(f"sum({newest(sdk('temporal_num_pollers'), _WORKFLOW_POLLERS)})"),
    ),
    _worker_signal(
        name=S.ACTIVITY_POLLERS,
        title="Activity pollers",
        unit="pollers",
        meaning="Polls for activity tasks that all workers have under way.",
        query=gauge(f"sum({newest(sdk('temporal_num_pollers'), _ACTIVITY_POLLERS)})"),
    ),
    _worker_signal(
        name=S.STICKY_CACHE_HIT_RATIO,
        title="Sticky cache hits",
        unit="ratio",
        meaning="Share of workflow tasks whose workflow the worker still had in memory; the others "
        "are replayed from their history.",
        query=ratio(_HIT_RATE, _LOOKUP_RATE),
    ),
    _worker_signal(
        name=S.STICKY_CACHE_SIZE,
        title="Workflows cached by workers",
        unit="workflows",
        meaning="Workflows that all workers keep in memory.",
        query=gauge(f"sum({newest(sdk('temporal_sticky_cache_size'), _USERS)})"),
    ),
    _worker_signal(
        name=S.WORKER_REQUEST_FAILURE_RATE,
        title="Workers' failed calls",
        unit="calls/s",
        meaning="Calls of workers and clients to the server that failed, long polls among them.",
        query=rate_of_any(*_FAILURES, where=_USERS),
        absent_when_healthy=RARE,
    ),
)
