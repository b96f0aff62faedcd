"""What each gate means to the person on call: title, likely causes in order, next checks.

`{subject}` is the gate's role, queue or source. Written for this project; a gate without a guide
fails the tests.
"""

from dataclasses import dataclass
from types import MappingProxyType

from copilot.health.decision import GateName


@dataclass(frozen=True)
class Guide:
    title: str
    affects: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]


GUIDES = MappingProxyType(
    {
        GateName.VIEW: Guide(
            "Cannot see {subject}",
            "No verdict is possible: the cluster may be well or not.",
            (
                "the metrics store is down or not reachable from the Copilot's worker",
                "scraping of the cluster stopped, or its job or cluster labels changed",
                "the servers export another metric naming style",
            ),
            (
                "open the metrics store and look at its targets page",
                "query `up` with the cluster's label: four jobs are expected",
                "compare PROMETHEUS_ENDPOINT and COPILOT_CLUSTER with the collector's settings",
            ),
        ),
        GateName.SERVICE_DOWN: Guide(
            "The {subject} service is down",
            "Every call that needs the {subject} service fails or waits.",
            (
                "its process crashed, was killed or cannot start",
                "the machine or container is out of memory or disk",
                "its metrics port is not reachable although the process runs",
            ),
            (
                "look at the last lines of the {subject} service's log",
                "check whether the process or container restarts, and its memory limit",
                "ask its metrics port by hand",
            ),
        ),
        GateName.NO_PROGRESS: Guide(
            "Workflows are asked for, but nothing moves",
            "Starts are accepted or refused without updates of workflow state.",
            (
                "the history service cannot write: persistence is down or read-only",
                "history shards are not owned by anyone",
                "the frontend refuses starts: rate limit, full database, wrong namespace",
            ),
            (
                "read persistence errors and latency beside this gate",
                "look for shard ownership messages in the history log",
                "start one workflow by hand and read the error",
            ),
        ),
        GateName.NO_TASK_PROCESSING: Guide(
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
        GateName.HISTORY_STUCK: Guide(
            "The history service is minutes behind",
            "Timers and task dispatch are late by the observed age.",
            (
                "persistence is too slow for the load",
                "a recovery works off a long backlog",
                "too few history hosts or shards for the load",
            ),
            (
                "see whether the lag falls from cycle to cycle",
                "compare persistence latency with its usual value",
                "look at the busiest namespace's start rate",
            ),
        ),
        GateName.PERSISTENCE_ERRORS: Guide(
            "The database refuses or fails requests",
            "Workflow updates fail and are retried; clients see errors and delays.",
            (
                "the database is down, restarting or not reachable",
                "connections or its rate limit are exhausted",
                "the disk is full, or credentials expired",
            ),
            (
                "connect to the database from the server's host",
                "read the error type in the history log",
                "count open connections against the limit",
            ),
        ),
        GateName.COMPLETIONS: Guide(
            "Too many workflows fail",
            "Executions end as failed or timed out instead of completed.",
            (
                "a recent deployment of the workers that run this workflow type",
                "a dependency of its activities is down",
                "time-outs are shorter than the work now takes",
            ),
            (
                "open failed executions of the named type in Temporal's UI and read the failure",
                "compare the time of the last worker deployment",
                "check the services that its activities call",
            ),
        ),
        GateName.STARVED_QUEUE: Guide(
            "Nobody works on the task queue {subject}",
            "Workflows that need this queue wait; their backlog grows.",
            (
                "its workers are stopped, crashed or being deployed",
                "workers poll another queue name or namespace",
                "workers are alive but all slots are taken or blocked",
            ),
            (
                "check that workers of this queue run, and their log",
                "compare the queue name in the workers' options with this one",
                "if the queue was given up, terminate or reset its open workflows",
            ),
        ),
        GateName.HISTORY_LAG: Guide(
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
        GateName.PERSISTENCE_LATENCY: Guide(
            "Persistence is slow",
            "Every workflow step takes longer by the time of its database calls.",
            (
                "the database or its disk is overloaded",
                "the network to the database is slow",
                "the connection pool is exhausted and requests wait",
            ),
            (
                "read the database's own latency, CPU and disk figures",
                "measure the round trip from a history host to the database",
                "compare open with allowed connections",
            ),
        ),
        GateName.UPDATE_LATENCY: Guide(
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
        GateName.FRONTEND_LATENCY: Guide(
            "The frontend answers slowly",
            "Clients wait for starts, signals and queries.",
            (
                "the history service or persistence behind it is slow",
                "the frontend is short of CPU",
                "one namespace sends very large requests",
            ),
            (
                "read persistence and history latency first",
                "look at the latency by operation",
                "look at the frontend's CPU and memory",
            ),
        ),
        GateName.FRONTEND_ERRORS: Guide(
            "The frontend returns errors",
            "Clients' requests fail for reasons that are not their own.",
            (
                "a service behind the frontend is down",
                "a rate limit is reached",
                "persistence fails",
            ),
            (
                "read the errors by type and operation",
                "check history and matching",
                "compare the request rate with the namespace's limit",
            ),
        ),
        GateName.SHARD_CHURN: Guide(
            "History shards keep moving",
            "Each move interrupts the workflows of a shard for a moment.",
            (
                "a history host joins and leaves the ring",
                "hosts restart or lose their lease on slow persistence",
                "stale members of the ring after a crash",
            ),
            (
                "look for ring membership changes in the log",
                "check restarts of history hosts",
                "check persistence latency",
            ),
        ),
        GateName.PROGRESS_DROP: Guide(
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
)
