"""Label matchers that several queries share, and the names of users' task queues.

Names, labels and units are those of Temporal server 1.31.0 with `framework: opentelemetry` and
default suffixes, read from a running server. Temporal's own workflows (namespace
`temporal-system`) and its own task queues (`temporal-sys-...`, also in user namespaces) are
excluded from progress, demand, completions, backlogs and polls, so that an idle cluster reads as
idle. Latency, persistence and shards include them: a slow engine is slow for everyone.

The canary's namespace is left out wherever the server's series have a namespace. These have none
and so include its load: calls of the visibility store, caches, lags and movements of shards,
connections, and what describes a process.
"""

from copilot.signals.roles import Role

CANARY_NAMESPACE = "copilot-canary"
SYSTEM_NAMESPACE = "temporal-system"
NOT_CANARY = f'namespace!="{CANARY_NAMESPACE}"'
USER = f'namespace!="{SYSTEM_NAMESPACE}",{NOT_CANARY}'
USER_QUEUE = USER + ',taskqueue!~"temporal-sys-.*"'
# A sticky queue dies with its worker but its gauges stay: nothing waits for the tasks in it.
USER_BACKLOG = USER_QUEUE + ',partition!="__sticky__"'
HISTORY = f'service_name="{Role.HISTORY}",{NOT_CANARY}'
HISTORY_OF_USERS = f'service_name="{Role.HISTORY}",{USER}'
FRONTEND = f'service_name="{Role.FRONTEND}",{NOT_CANARY}'
FRONTEND_OF_USERS = f'service_name="{Role.FRONTEND}",{USER}'
# The stores of a running service; `server` labels those that a process opens only to start.
SERVICE_STORES = 'service_name!="server"'

# Calls that return after a worker or a system workflow did something, or that an operator waits
# for. A GetWorkflowExecutionHistory that waits is labelled PollWorkflowExecutionHistory.
WAITING = (
    "Poll.*|QueryWorkflow|UpdateWorkflowExecution|ExecuteMultiOperation|DescribeActivityExecution"
    "|DescribeSchedule|.*WorkerDeployment.*|.*WorkerConfig|Operator.*|Admin.*"
)
# Calls that a worker answers: a time-out is the worker's fault, not the server's.
WORKER_ANSWERS = "QueryWorkflow|UpdateWorkflowExecution|ExecuteMultiOperation"
STARTS = (
    "StartWorkflowExecution|SignalWithStartWorkflowExecution"
    "|ExecuteMultiOperation|StartActivityExecution"
)
# Values of `error_type` of a request that the server refuses for what it is or how many there are.
# A workflow id that is taken is no refusal: it shows in persistence.
REFUSALS = (
    r"serviceerror\\.(ResourceExhausted|InvalidArgument|FailedPrecondition|PermissionDenied|NotFound"
    "|Namespace.*|ClientVersionNotSupported|Unimplemented)"
)
# Requests that give an open workflow something to do.
SIGNALS = "SignalWorkflowExecution|SignalWithStartWorkflowExecution|UpdateWorkflowExecution"
# Workflow tasks that the server itself fails to start them again: they are no trouble.
USUAL_TASK_FAILURES = (
    "UnhandledCommand|ForceCloseCommand|FailoverCloseCommand|ResetWorkflow|ResetStickyTaskQueue"
)
# The server's history tasks that write to visibility.
VISIBILITY_TASK = "VisibilityTask.*"
# Values of `error_type` that a healthy persistence returns: lost races, missing records, callers
# that gave up. The server's own list; all else is an error.
EXPECTED_ERRORS = (
    r"persistence\\..*(ConditionFailed|ShardOwnershipLost|ShardAlreadyExist)Error"
    r"|serviceerror\\.(NotFound|NamespaceNotFound|NamespaceAlreadyExists|InvalidArgument|Canceled)"
    r"|context\\.Canceled"
)
# Temporal's own queues: of schedules and batch jobs in each namespace, and in its own namespace.
PER_NAMESPACE = "temporal-sys-per-ns-tq"
SYSTEM_WORKFLOWS = "default-worker-tq"
PARENT_CLOSE_POLICY = "temporal-sys-processor-parent-close-policy"

# Calls that store something. Those that only delete are left out: a full store may allow them.
STORE_WRITES = "(Append|ConflictResolve|Create|Enqueue|Save|Set|Update|Upsert).*|AddTasks"


def is_lasting_user_queue(name: str) -> bool:
    """False for the server's own queues and its partitions.

    Sticky queues never come here: the server marks them by their kind, and visibility has none. A
    name says nothing: lasting queues of tenants or branches have UUIDs and hashes, too.
    """
    return bool(name) and not name.startswith(("temporal-sys-", "temporal_sys_", "/_sys/", "__"))
