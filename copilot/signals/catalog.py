"""The signals, each written down once; everything else about a signal is derived from here.

Names, labels and units are those of Temporal server 1.31.0 with `framework: opentelemetry` and
default suffixes, read from a running server. Temporal's own workflows (namespace
`temporal-system`) and its own task queues (`temporal-sys-...`, also present in user namespaces)
are left out of progress, demand, completions, backlogs and polls, so that an idle cluster reads as
idle. They stay in latency, persistence and shards: whose work a slow engine does is no matter.
"""

from copilot.signals.names import SignalName as S
from copilot.signals.shapes import gauge, quantiles, rate, rate_of_any
from copilot.signals.signal import Kind, Role, Signal

USER = 'namespace!="temporal-system"'
USER_QUEUE = USER + ',taskqueue!~"temporal-sys-.*"'
# A sticky queue dies with its worker and its gauges stay: tasks in it wait for nobody.
USER_BACKLOG = USER_QUEUE + ',partition!="__sticky__"'
HISTORY = 'service_name="history"'
FRONTEND = 'service_name="frontend"'

# Calls that answer when a worker or a system workflow did something, or that an operator waits
# for. A GetWorkflowExecutionHistory that waits is labelled PollWorkflowExecutionHistory.
WAITING = (
    "Poll.*|QueryWorkflow|UpdateWorkflowExecution|ExecuteMultiOperation|DescribeActivityExecution"
    "|DescribeSchedule|.*WorkerDeployment.*|.*WorkerConfig|Operator.*|Admin.*"
)
# Those whose time-outs are a worker's: the server does nothing wrong when nobody answers.
WORKER_ANSWERS = "QueryWorkflow|UpdateWorkflowExecution|ExecuteMultiOperation"
STARTS = (
    "StartWorkflowExecution|SignalWithStartWorkflowExecution"
    "|ExecuteMultiOperation|StartActivityExecution"
)
# What persistence answers when nothing is wrong with it, as values of `error_type`: lost races,
# what does not exist, callers that gave up. The server's own list; all else is an error.
EXPECTED_ERRORS = (
    r"persistence\\..*(ConditionFailed|ShardOwnershipLost|ShardAlreadyExist)Error"
    r"|serviceerror\\.(NotFound|NamespaceNotFound|NamespaceAlreadyExists|InvalidArgument|Canceled)"
    r"|context\\.Canceled"
)
RARE = "counted only when it happens"
LAG_IS_RARE = "a shard reports its lag every 5 minutes; a shorter window is often empty"
BACKLOG_IS_LATE = "matching reports a queue's backlog up to a minute after it loaded the queue"

CATALOG: tuple[Signal, ...] = (
    rate(
        S.STATE_TRANSITIONS_RATE,
        1,
        title="Workflow updates",
        unit="updates/s",
        role=Role.HISTORY,
        meaning="Progress: how often a user workflow's state is written.",
        # Not `_sum`: each write records the run's whole count so far.
        counter="state_transition_count_ratio_count",
        where=USER,
    ),
    *quantiles(
        {0.95: S.UPDATE_LATENCY_P95, 0.99: S.UPDATE_LATENCY_P99},
        2,
        title="Time to write a workflow update",
        unit="ms",
        role=Role.HISTORY,
        meaning="What one step of a workflow costs in persistence.",
        histogram="persistence_latency_milliseconds",
        where=HISTORY + ',operation="UpdateWorkflowExecution"',
    ),
    rate(
        S.WORKFLOW_SUCCESS_RATE,
        3,
        title="Workflows completed",
        unit="workflows/s",
        role=Role.HISTORY,
        meaning="User workflows that returned a result.",
        counter="workflow_success_total",
        where=USER,
    ),
    rate_of_any(
        S.WORKFLOW_FAILED_RATE,
        3,
        title="Workflows failed or timed out",
        unit="workflows/s",
        role=Role.HISTORY,
        meaning="User workflows that ended in an error or ran out of time.",
        counters={"failed": "workflow_failed_total", "timeout": "workflow_timeout_total"},
        where=USER,
        absent_when_healthy=RARE,
    ),
    rate(
        S.WORKFLOW_TERMINATED_RATE,
        3,
        title="Workflows terminated",
        unit="workflows/s",
        role=Role.HISTORY,
        meaning="User workflows that someone ended by force.",
        counter="workflow_terminate_total",
        where=USER,
        absent_when_healthy=RARE,
    ),
    rate(
        S.WORKFLOW_CANCELED_RATE,
        3,
        title="Workflows cancelled",
        unit="workflows/s",
        role=Role.HISTORY,
        meaning="User workflows that ended because they were asked to.",
        counter="workflow_cancel_total",
        where=USER,
        absent_when_healthy=RARE,
    ),
    *quantiles(
        {0.95: S.HISTORY_QUEUE_LATENCY_P95},
        4,
        title="History task queue latency",
        unit="s",
        role=Role.HISTORY,
        meaning="Lag of the engine: from a history task's due time to its end. "
        "Recorded when a task ends, so a queue that stands still is silent.",
        histogram="task_latency_queue_milliseconds",
        where=HISTORY,
        divided_by=1000,
    ),
    *quantiles(
        {0.95: S.SCHEDULED_QUEUE_LAG_P95},
        4,
        title="Timer queue lag",
        unit="s",
        role=Role.HISTORY,
        meaning="How far the oldest pending timer of a shard is behind the clock; "
        "up to a minute is usual, because shards save their position that rarely.",
        histogram="shardinfo_scheduled_queue_lag_milliseconds",
        divided_by=1000,
        absent_when_healthy=LAG_IS_RARE,
    ),
    *quantiles(
        {0.95: S.IMMEDIATE_QUEUE_LAG_P95},
        4,
        title="Transfer queue lag",
        # Not a time: the difference of two task ids, which grow with the shard's work.
        unit="task ids",
        role=Role.HISTORY,
        meaning="How many task ids lie between a shard's oldest pending task and its newest; "
        "thousands are usual.",
        histogram="shardinfo_immediate_queue_lag_ratio",
        where='task_category=~"transfer|visibility"',
        absent_when_healthy=LAG_IS_RARE,
    ),
    rate(
        S.HISTORY_TASK_RATE,
        5,
        title="History tasks executed",
        unit="tasks/s",
        role=Role.HISTORY,
        meaning="Capacity of the engine, in attempts at tasks of user workflows.",
        counter="task_requests_total",
        where=HISTORY + "," + USER,
    ),
    rate(
        S.SHARD_CREATED_RATE,
        6,
        title="Shards acquired",
        unit="shards/s",
        role=Role.HISTORY,
        meaning="Shards that a history instance takes over: many at a start, none later.",
        counter="sharditem_created_count_total",
    ),
    rate(
        S.SHARD_CLOSED_RATE,
        6,
        title="Shards closed",
        unit="shards/s",
        role=Role.HISTORY,
        meaning="Shards that a history instance gives up, also when it loses their ownership.",
        counter="shard_closed_count_total",
        absent_when_healthy=RARE,
    ),
    rate(
        S.FRONTEND_ERROR_RATE,
        7,
        title="Frontend errors",
        unit="errors/s",
        role=Role.FRONTEND,
        meaning="Calls of clients that failed through the server's fault, by its own judgement: "
        "not found, already started, invalid, cancelled and over a namespace's limit do not count.",
        counter="service_errors_total",
        where=FRONTEND + f',operation!~"{WORKER_ANSWERS}"',
        absent_when_healthy=RARE,
    ),
    *quantiles(
        {0.95: S.FRONTEND_LATENCY_P95, 0.99: S.FRONTEND_LATENCY_P99},
        8,
        title="Frontend latency",
        unit="ms",
        role=Role.FRONTEND,
        meaning="How long clients wait for calls that answer at once.",
        histogram="service_latency_milliseconds",
        where=FRONTEND + f',operation!~"{WAITING}"',
    ),
    *quantiles(
        {0.99: S.LONG_POLL_LATENCY_P99},
        8,
        title="Long poll latency",
        unit="ms",
        role=Role.FRONTEND,
        meaning="How long workers wait for a task at the frontend: a minute when there is none.",
        histogram="service_latency_milliseconds",
        where=FRONTEND + "," + USER + ',operation=~"Poll.*TaskQueue"',
    ),
    gauge(
        S.WORKFLOW_BACKLOG_AGE,
        9,
        title="Oldest waiting workflow task",
        unit="s",
        role=Role.MATCHING,
        meaning="Age of the oldest workflow task in a user's queue, as of the last minute.",
        aggregation="max",
        metric="approximate_backlog_age_seconds",
        where=USER_BACKLOG + ',task_type="Workflow"',
        absent_when_healthy=BACKLOG_IS_LATE,
    ),
    gauge(
        S.ACTIVITY_BACKLOG_AGE,
        9,
        title="Oldest waiting activity task",
        unit="s",
        role=Role.MATCHING,
        meaning="Age of the oldest activity task in a user's queue, as of the last minute.",
        aggregation="max",
        metric="approximate_backlog_age_seconds",
        where=USER_BACKLOG + ',task_type="Activity"',
        absent_when_healthy=BACKLOG_IS_LATE,
    ),
    gauge(
        S.BACKLOG_COUNT,
        9,
        title="Waiting tasks",
        unit="tasks",
        role=Role.MATCHING,
        meaning="Tasks in all user queues, as of the last minute.",
        aggregation="sum",
        metric="approximate_backlog_count",
        where=USER_BACKLOG,
        absent_when_healthy=BACKLOG_IS_LATE,
    ),
    rate(
        S.NO_POLLER_RATE,
        9,
        title="Attempts to place a task without a poller",
        unit="attempts/s",
        role=Role.MATCHING,
        meaning="Attempts, retries too, to add tasks to user queues that nobody polled for "
        "two minutes.",
        counter="no_poller_tasks_total",
        where=USER_QUEUE,
        absent_when_healthy=RARE,
    ),
    rate(
        S.POLL_SUCCESS_RATE,
        10,
        title="Polls that got a task",
        unit="polls/s",
        role=Role.MATCHING,
        meaning="Workers that asked for work and got some.",
        counter="poll_success_total",
        where=USER_QUEUE,
    ),
    rate(
        S.POLL_TIMEOUT_RATE,
        10,
        title="Polls without a task",
        unit="polls/s",
        role=Role.MATCHING,
        meaning="Workers that asked for work and got none for a minute: usual when idle.",
        counter="poll_timeouts_total",
        where=USER_QUEUE,
        absent_when_healthy="a queue that is always busy lets no poll time out",
    ),
    *quantiles(
        {0.95: S.POLL_LATENCY_P95},
        10,
        title="Poll latency",
        unit="ms",
        role=Role.MATCHING,
        meaning="How long polls wait in matching: short when tasks are plenty, a minute when idle.",
        histogram="poll_latency_milliseconds",
        where=USER_QUEUE,
    ),
    *quantiles(
        {0.95: S.PERSISTENCE_LATENCY_P95, 0.99: S.PERSISTENCE_LATENCY_P99},
        11,
        title="Persistence latency",
        unit="ms",
        role=Role.HISTORY,
        meaning="The history service's way to its store and back, with its waits for a "
        "connection: not the database's own time.",
        histogram="persistence_latency_milliseconds",
        where=HISTORY,
    ),
    rate(
        S.PERSISTENCE_ERROR_RATE,
        12,
        title="Persistence errors",
        unit="errors/s",
        role=Role.HISTORY,
        meaning="Failed calls of all services to their store: errors, time-outs and refusals for "
        "load, each once, without answers like 'not found' or 'condition failed'.",
        counter="persistence_error_with_type_total",
        where=f'error_type!~"{EXPECTED_ERRORS}"',
        absent_when_healthy=RARE,
    ),
    rate(
        S.PERSISTENCE_REQUEST_RATE,
        12,
        title="Persistence requests",
        unit="requests/s",
        role=Role.HISTORY,
        meaning="Calls of all services to their store.",
        counter="persistence_requests_total",
    ),
    rate(
        S.START_REQUEST_RATE,
        None,
        title="Starts asked for",
        unit="requests/s",
        role=Role.FRONTEND,
        kind=Kind.DEMAND,
        meaning="Requests of clients that start work, successful or not, with their retries.",
        counter="service_requests_total",
        where=FRONTEND + "," + USER + f',operation=~"{STARTS}"',
    ),
    rate(
        S.DELETION_RATE,
        None,
        title="Deletion tasks",
        unit="tasks/s",
        role=Role.HISTORY,
        kind=Kind.SYSTEM,
        meaning="Retention at work: history tasks that delete ended workflows.",
        counter="task_requests_total",
        where=HISTORY + ',task_type=~".*Delete.*"',
        absent_when_healthy="begins when the first workflow's retention ends",
    ),
    rate(
        S.CLEANUP_DELETE_RATE,
        None,
        title="Workflows deleted",
        unit="workflows/s",
        role=Role.HISTORY,
        kind=Kind.SYSTEM,
        meaning="Workflows that retention removed from the store.",
        counter="workflow_cleanup_delete_total",
        absent_when_healthy="begins when the first workflow's retention ends",
    ),
)

BY_NAME = {signal.name: signal for signal in CATALOG}
"""The entry of each name."""
