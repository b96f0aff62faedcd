"""Guides: persistence and visibility."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.STORE_SILENT: Guide(
        "Calls that read the store fail",
        "No workflow makes progress while its state cannot be read or written.",
        (
            "the database is down or not reachable from the servers",
            "its connections are used up, or it takes longer than a call may",
            "its credentials expired or changed",
        ),
        (
            "connect to the database from a server's machine",
            "read the database's log and its number of connections",
            "read persistence errors by type",
        ),
    ),
    RuleName.PERSISTENCE_ERRORS: Guide(
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
    RuleName.STORE_WRITES: Guide(
        "The database refuses writes",
        "No workflow makes progress: its state can be read, and not be written.",
        (
            "the disk of the database is full, or its storage quota is used up",
            "the database is read-only: a standby, or made so by an operator or by the provider",
            "all connections that it allows are taken",
        ),
        (
            "read the database's own log for SQLSTATE 53100, 25006 or 53300",
            "ask it for `SHOW transaction_read_only` and for `SELECT pg_is_in_recovery()`",
            "free disk space, or count open connections against the limit",
        ),
    ),
    RuleName.PERSISTENCE_LATENCY: Guide(
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
    RuleName.VISIBILITY_ERRORS: Guide(
        "The visibility store refuses or fails requests",
        "Workflows go on, but lists and counts of them are old or fail, also in the UI; the"
        " history service repeats its writes until they succeed.",
        (
            "the disk of Elasticsearch is full, so that it made its indices read-only",
            "the store is down or not reachable",
            "its index is missing, or has the mapping of another version",
        ),
        (
            "ask Elasticsearch for `/_cluster/health` and `/_cat/allocation?v`, and free disk"
            " space: it allows writes again by itself",
            "read the reason of `ES request failed` or `Unable to commit bulk ES request` in"
            " the history log",
            "create a missing index, or bring its mapping up to date, with"
            " temporal-elasticsearch-tool; here `visibility-indices` does both: remove its"
            " container, then `tdeploy up`",
        ),
    ),
    RuleName.VISIBILITY_LAG: Guide(
        "Visibility catches up",
        "Lists and counts are behind the workflows.",
        (
            "the visibility store was away and its tasks are being done again",
            "the visibility store is slower than the changes of workflows",
        ),
        (
            "see whether the lag falls",
            "compare with errors of visibility",
        ),
    ),
    RuleName.CANARY_NOT_LISTED: Guide(
        "Visibility does not list what ended",
        "Lists and counts of workflows fail or are old; the workflows themselves run.",
        (
            "the visibility store is down, full or read-only",
            "the queue of visibility tasks is long after an outage",
        ),
        (
            "list workflows with the Temporal CLI",
            "check the visibility store and its index",
            "read the visibility lag",
        ),
    ),
}
