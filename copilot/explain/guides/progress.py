"""Guides: progress of the cluster."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.PROGRESS_GONE: Guide(
        "Progress is gone while work is open",
        "Workflows that are open or still accepted do not move.",
        (
            "history shards stand still or have no owner",
            "persistence does not answer, and calls to it wait",
            "timers are not executed",
        ),
        (
            "look for shard messages in the history log",
            "compare persistence latency and errors",
            "describe an open workflow and look at its pending tasks",
        ),
    ),
    RuleName.NO_PROGRESS: Guide(
        "Workflows are started, but none makes progress",
        "Starts are accepted or refused without updates of workflow state.",
        (
            "the history service cannot write: persistence is down or read-only",
            "no host owns the history shards",
            "the frontend refuses starts: rate limit, full database, wrong namespace",
        ),
        (
            "compare persistence errors and latency",
            "look for shard ownership messages in the history log",
            "start one workflow by hand and read the error",
        ),
    ),
    RuleName.NO_TASK_PROCESSING: Guide(
        "The history service processes no tasks",
        "Timers do not fire and no new workflow or activity tasks reach a queue.",
        (
            "task queue processors of the history service are blocked on persistence",
            "the matching service does not accept tasks",
            "shards are moving and no host holds them",
        ),
        (
            "read task errors of the history service by type",
            "check the matching service",
            "check shard churn",
        ),
    ),
    RuleName.HISTORY_STUCK: Guide(
        "The history service is minutes behind",
        "Timers and task dispatch are late by the observed age.",
        (
            "persistence is too slow for the load",
            "a recovery processes a long backlog",
            "too few history hosts or shards for the load",
        ),
        (
            "see whether the lag falls from cycle to cycle",
            "compare persistence latency with its usual value",
            "look at the busiest namespace's start rate",
        ),
    ),
    RuleName.HISTORY_LAG: Guide(
        "The history service lags",
        "Timers and task dispatch are later than a cluster of this size should be.",
        (
            "persistence is slow",
            "a burst of load",
            "too few history hosts",
        ),
        (
            "compare persistence latency with its usual value",
            "compare the start rate with the last hour",
            "look at the history hosts' CPU",
        ),
    ),
    RuleName.UPDATE_LATENCY: Guide(
        "Updates of workflow state are slow",
        "Each step of every workflow waits for its write.",
        (
            "the database commits slowly",
            "contention on a few busy workflows or shards",
            "the network to the database is slow",
        ),
        (
            "read commit latency of the database",
            "look for workflows with very many events",
            "compare with the latency of all persistence requests",
        ),
    ),
    RuleName.PROGRESS_DROP: Guide(
        "Progress fell while demand did not",
        "Starts go on as usual, but far fewer steps are made.",
        (
            "workers of a busy queue stopped",
            "a workflow type got stuck after a deployment",
            "task processing of the history service slowed down",
        ),
        (
            "look at the task queues for one without pollers",
            "compare with the time of the last worker deployment",
            "read history lag and persistence latency",
        ),
    ),
}
