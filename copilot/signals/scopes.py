"""Whose work a signal counts: label matchers that several queries share.

Names, labels and units are those of Temporal server 1.31.0 with `framework: opentelemetry` and
default suffixes, read from a running server. Temporal's own workflows (namespace
`temporal-system`) and its own task queues (`temporal-sys-...`, also present in user namespaces)
are left out of progress, demand, completions, backlogs and polls, so that an idle cluster reads as
idle. They stay in latency, persistence and shards: whose work a slow engine does is no matter.
"""

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
