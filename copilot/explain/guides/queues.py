"""Guides: task queues and their workers."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.QUEUES_LEFT_OUT: Guide(
        "Task queues were not described that may have a problem",
        "A queue among them may have late tasks, and the Copilot finds that when its turn comes.",
        (
            "more queues have late tasks than a cycle may ask about",
            "the servers' metrics have no label `taskqueue`",
        ),
        (
            "read which queues are starved: what these have in common, others may have as well",
            "look for `approximate_backlog_age_seconds` by `taskqueue` in the metrics store",
            "raise COPILOT_MAX_QUEUES",
        ),
    ),
    RuleName.STARVED_QUEUE: Guide(
        "No worker takes tasks from the task queue {subject}",
        "Workflows that need this queue wait; their backlog grows.",
        (
            "its workers are stopped, crashed or being deployed",
            "workers poll another queue name or namespace",
            "workers are alive but all slots are taken or blocked",
        ),
        (
            "check that workers of this queue run, and their log",
            "compare the queue name in the workers' options with this one",
            "if the queue is no longer used, terminate or reset its open workflows",
        ),
    ),
    RuleName.SLOW_QUEUE: Guide(
        "Workers of {subject} do not keep up",
        "Tasks wait longer than the backlog can drain.",
        (
            "there are too few workers or slots for the load",
            "each task takes longer than before",
            "a burst was larger than the workers can do in minutes",
        ),
        (
            "compare added and dispatched tasks",
            "look at the workers' free slots and CPU",
            "look how long one task takes",
        ),
    ),
    RuleName.LIMITED_QUEUE: Guide(
        "{subject} is limited by its users",
        "Tasks wait because its configuration wants them to.",
        ("a rate limit of the queue, set by its workers or through the API",),
        ("compare the limit with the tasks that arrive",),
    ),
    RuleName.BUSY_WORKERS: Guide(
        "All slots of the workers of {subject} are busy",
        "Tasks wait until a slot is free.",
        (
            "each task takes long, as in a batch",
            "there are too few slots for the load",
        ),
        ("compare the age of the oldest task with the usual length of a task",),
    ),
    RuleName.VERSION_UNPOLLED: Guide(
        "Tasks on {subject} wait for a worker version that nobody polls",
        "Workflows of this version wait although the queue is polled.",
        (
            "the workers of an old version were removed while workflows were pinned to it",
            "the current version was set before its workers started, or none was set",
            "workers of this version crashed",
        ),
        (
            "compare the deployment's versions with the running workers",
            "start workers of that version until it is drained, or move its workflows to another",
        ),
    ),
    RuleName.SYSTEM_QUEUE: Guide(
        "Temporal's own workflows stand still: {subject}",
        "Schedules start nothing, or batch jobs and system workflows do not go on.",
        (
            "Temporal's worker service runs no worker for this namespace",
            "`worker.perNamespaceWorkerCount` is 0, or a rate limit of these workers is too low",
            "the worker service cannot reach the frontend",
        ),
        (
            "read the log of the worker service for this namespace",
            "look at the dynamic configuration of `worker.*`",
            "after healing, check what the schedules' catch-up window has skipped",
        ),
    ),
    RuleName.LEFT_TASKS: Guide(
        "Tasks of ended workflows are left on {subject}",
        "No open workflow needs them; they are no fault.",
        (
            "workflows were terminated while their tasks waited for workers",
            "the queue is no longer used",
        ),
        ("if the queue is no longer used, nothing is to be done; a worker would drain it",),
    ),
}
