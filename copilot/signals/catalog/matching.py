"""Users' task queues: backlogs, polls, and how long tasks wait for a worker.

Schedule-to-start is the server's, not the SDKs': it covers every worker whether scraped or not, in
milliseconds and from 1 ms on. The SDKs' own histograms begin at 100 ms where they are built on Core
(Python, TypeScript, .NET, Ruby), and are in seconds in Go and Java.
"""

from functools import partial

from copilot.signals.matchers import USER_BACKLOG, USER_QUEUE
from copilot.signals.queries import gauge, newest, per_second, quantile, rate, ratio
from copilot.signals.roles import Role
from copilot.signals.signal import RARE, Kind, Signal
from copilot.signals.signal_names import SignalName as S

_BACKLOG_IS_LATE = "matching reports a queue's backlog up to a minute after it loaded the queue"
_BACKLOG_AGE = "approximate_backlog_age_seconds"
_SCHEDULE_TO_START = "task_schedule_to_start_latency"
_WORKFLOW = ',task_type="Workflow"'
_ACTIVITY = ',task_type="Activity"'
_matching_signal = partial(Signal, role=Role.MATCHING)


MATCHING = (
    _matching_signal(
        name=S.WORKFLOW_BACKLOG_AGE,
        number=9,
        title="Oldest waiting workflow task",
        unit="s",
        meaning="Age of the oldest workflow task in a user's queue, as of the last minute.",
        query=gauge(f"max({newest(_BACKLOG_AGE, USER_BACKLOG + _WORKFLOW)})"),
        absent_when_healthy=_BACKLOG_IS_LATE,
    ),
    _matching_signal(
        name=S.ACTIVITY_BACKLOG_AGE,
        number=9,
        title="Oldest waiting activity task",
        unit="s",
        meaning="Age of the oldest activity task in a user's queue, as of the last minute.",
        query=gauge(f"max({newest(_BACKLOG_AGE, USER_BACKLOG + _ACTIVITY)})"),
        absent_when_healthy=_BACKLOG_IS_LATE,
    ),
    _matching_signal(
        name=S.BACKLOG_COUNT,
        number=9,
        title="Waiting tasks",
        unit="tasks",
        meaning="Tasks in all user queues, as of the last minute.",
        query=gauge(f"sum({newest('approximate_backlog_count', USER_BACKLOG)})"),
        absent_when_healthy=_BACKLOG_IS_LATE,
    ),
    _matching_signal(
        name=S.NO_POLLER_RATE,
        number=9,
        title="Attempts to place a task without a poller",
        unit="attempts/s",
        meaning="Attempts, retries too, to add tasks to user queues without a poll for "
        "two minutes.",
        query=rate("no_poller_tasks", USER_QUEUE),
        absent_when_healthy=RARE,
    ),
    _matching_signal(
        name=S.POLL_SUCCESS_RATE,
        number=10,
        title="Polls that got a task",
        unit="polls/s",
        meaning="Polls of workers that returned a task.",
        query=rate("poll_success", USER_QUEUE),
    ),
    _matching_signal(
        name=S.POLL_TIMEOUT_RATE,
        number=10,
        title="Polls without a task",
        unit="polls/s",
        meaning="Polls of workers that returned no task for a minute: usual when idle.",
        query=rate("poll_timeouts", USER_QUEUE),
        absent_when_healthy="a queue that is always busy lets no poll time out",
    ),
    _matching_signal(
        name=S.POLL_LATENCY_P95,
        number=10,
        title="Poll latency, p95",
        unit="ms",
        meaning="How long polls wait in matching: short when tasks are plenty, a minute when idle.",
        query=quantile(0.95, "poll_latency", USER_QUEUE),
    ),
    Signal(
        name=S.WORKFLOW_SCHEDULE_TO_START_P95,
        title="Workflow task schedule-to-start, p95",
        unit="ms",
        kind=Kind.WORKER,
        supports=True,
        role=Role.HISTORY,
        meaning="How long workflow tasks wait until a worker has them.",
        query=quantile(0.95, _SCHEDULE_TO_START, USER_QUEUE + _WORKFLOW),
    ),
    Signal(
        name=S.ACTIVITY_SCHEDULE_TO_START_P95,
        title="Activity task schedule-to-start, p95",
        unit="ms",
        kind=Kind.WORKER,
        role=Role.HISTORY,
        meaning="How long activity tasks wait until a worker has them.",
        query=quantile(0.95, _SCHEDULE_TO_START, USER_QUEUE + _ACTIVITY),
    ),
    _matching_signal(
        name=S.SYNC_MATCH_RATIO,
        title="Tasks handed over at once",
        unit="ratio",
        kind=Kind.WORKER,
        meaning="Share of tasks for which a worker was already waiting, so that they were never "
        "written to a backlog.",
        query=ratio(
            per_second("poll_success_sync", USER_QUEUE),
            per_second("poll_success", USER_QUEUE),
        ),
    ),
)
