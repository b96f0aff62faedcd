"""Guides: Temporal's services and their instances."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.SERVICE_DOWN: Guide(
        "The {subject} service is down",
        "Every call that needs the {subject} service fails or waits.",
        (
            "its process crashed, was killed or cannot start",
            "the machine or container is out of memory or disk",
            "its metrics port is not reachable although the process runs",
        ),
        (
            "read the last lines of the {subject} service's log",
            "check whether the process or container restarts, and its memory limit",
            "request its metrics port by hand",
        ),
    ),
    RuleName.INSTANCES_DOWN: Guide(
        "Instances of the {subject} service do not answer",
        "The other instances do their work.",
        (
            "a rolling restart or a deployment is under way",
            "instances crashed, or were evicted and are still listed as targets",
            "their metrics ports are not reachable although the processes run",
        ),
        (
            "compare the named instances with the running processes or pods",
            "read the last lines of their logs",
            "request their metrics ports by hand",
        ),
    ),
    RuleName.INSTANCES_UNSCRAPED: Guide(
        "Metrics of the {subject} service cannot be scraped",
        "It answers on its metrics port, but what it exports is not known.",
        (
            "its metrics take longer to write than a scrape may last",
            "the scrape's path, scheme or credentials are wrong",
            "the metrics store cannot reach it, though the Copilot can",
        ),
        (
            "read the error of the target in the metrics store",
            "request its metrics by hand, and measure how long that takes",
        ),
    ),
    RuleName.FRONTEND_SILENT: Guide(
        "The frontend does not answer the Copilot",
        "Clients and workers that use this address may fail as well.",
        (
            "the frontend service is down or overloaded",
            "a load balancer or the network between the Copilot and the frontend fails",
        ),
        (
            "call the frontend from another machine",
            "read the last lines of the frontend service's log",
            "compare MONITORED_TEMPORAL_ADDRESS with the frontend's address",
        ),
    ),
    RuleName.FRONTEND_LATENCY: Guide(
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
    RuleName.FRONTEND_ERRORS: Guide(
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
    RuleName.NAMESPACE_LIMIT: Guide(
        "Namespace {subject} is over its limit of requests",
        "A share of its clients' requests is refused.",
        (
            "a client sends more than usual or retries without pause",
            "the limit is lower than the namespace needs",
        ),
        (
            "look which operation and client send most",
            "compare with frontend.namespaceRPS of this namespace",
        ),
    ),
    RuleName.SHARD_STUCK: Guide(
        "History {subject} stands still",
        "Workflows of this shard make no progress; those of the other shards do.",
        (
            "a transaction holds the shard's row in the database",
            "the owner of the shard hangs, or two instances claim it",
            "one workflow of the shard blocks the others, such as one with a huge history",
        ),
        (
            "look for long transactions and locks on the table of shards",
            "find the instance that owns the shard, and read its log for the shard's id",
            "compare with the time of the last movement of shards",
        ),
    ),
    RuleName.SHARD_CHURN: Guide(
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
    RuleName.CANARY_LOST: Guide(
        "The Copilot's own workflows do not come back",
        "Users' workflows are likely to stand still as well, on every shard.",
        (
            "the history or matching service stands still",
            "the database answers reads and no writes",
            "the system limits are reached",
        ),
        (
            "read the named step and shards",
            "read the log of the history and the matching service",
            "check persistence latency and errors",
        ),
    ),
}
