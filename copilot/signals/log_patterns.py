r"""The catalogue of log patterns: lines of Temporal's servers that report faults and changes.

A service writes one JSON object a line. A pattern matches in one of the fields that only servers
fill: `msg`, `error`, `error-type`. Workflow ids and queue names, which users choose, are in other
fields and cannot imitate these, because JSON escapes their quotes. An `error` may quote a client:
such a line can raise a count, and counts decide nothing.

Each pattern is from the lab's logs, or from the source of server 1.31.0, PostgreSQL or Aurora
DSQL. Nothing logs a reservoir's discarded connections, or an exhausted pool. Expressions are RE2
without a backtick, which would end them in LogQL.
"""

from dataclasses import dataclass
from enum import StrEnum

from copilot.signals.roles import Role

# The start of a field's text, with escapes. The SDK in the worker service writes "Error".
_ERROR = r'"[Ee]rror":"(?:[^"\\]|\\.)*'


class LogSeverity(StrEnum):
    """Weight of a log pattern. `CRITICAL` triggers an assessment; no severity changes a state."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True)
class KnownPattern:
    """Lines that match `regex` in the logs of `roles`; `meaning` is a sentence."""

    name: str
    severity: LogSeverity
    regex: str
    meaning: str
    roles: tuple[Role, ...] = tuple(Role)


PATTERNS = (
    KnownPattern(
        "database_unreachable",
        LogSeverity.CRITICAL,
        _ERROR + "(?:no usable database connection found|database connection lost)",
        "The service has no usable connection to its database.",
    ),
    KnownPattern(
        "database_connections_exhausted",
        LogSeverity.CRITICAL,
        _ERROR + r"(?:SQLSTATE 53300|too many clients already|remaining connection slots)",
        "The database refuses connections because all that it allows are taken.",
    ),
    KnownPattern(
        "database_read_only",
        LogSeverity.CRITICAL,
        _ERROR + "(?:SQLSTATE 25006|in a read-only transaction)",
        "The database is read-only: it answers reads and refuses every write.",
    ),
    KnownPattern(
        "database_full",
        LogSeverity.CRITICAL,
        _ERROR + "(?:SQLSTATE 53100|could not extend file|No space left on device)",
        "The database has no space left, and refuses writes.",
    ),
    KnownPattern(
        "connection_refused",
        LogSeverity.CRITICAL,
        _ERROR + "connection refused",
        "Nothing listens where the service expects another service or its database.",
    ),
    KnownPattern(
        "role_without_members",
        LogSeverity.CRITICAL,
        _ERROR + "Not enough hosts to serve the request",
        "The membership ring has no instance of a service that is needed.",
    ),
    KnownPattern(
        "task_given_up",
        LogSeverity.CRITICAL,
        '"msg":"(?:Dropping task due to terminal error|Marking task as terminally failed)',
        "History gave a task up for good, so that its workflow may never go on.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "data_loss",
        LogSeverity.CRITICAL,
        r'"msg":"(?:[^"\\]|\\.)*'
        "(?:data loss|data corruption event|corrupted data|branchRange is corrupted)",
        "A workflow's stored history contradicts itself.",
    ),
    KnownPattern(
        "service_ended_itself",
        LogSeverity.CRITICAL,
        r'^\{"level":"(?:fatal|panic|dpanic)"',
        "The service met an error after which it does not go on.",
    ),
    KnownPattern(
        "write_conflict",
        LogSeverity.WARNING,
        _ERROR + r"(?:SQLSTATE 40001|could not serialize access|\(?OC00[01]\)?)",
        "Two transactions changed the same rows, and the database refused the later one.",
    ),
    KnownPattern(
        "database_connection_rate_limited",
        LogSeverity.WARNING,
        _ERROR + "(?:SQLSTATE 53400|unable to accept connection, rate limit exceeded)",
        "The database refuses new connections because too many are opened a second.",
    ),
    KnownPattern(
        "persistence_operation_failed",
        LogSeverity.WARNING,
        r'"msg":"Operation failed with internal error\.',
        "A request to the database failed for a reason that is none of the usual ones.",
    ),
    KnownPattern(
        "persistence_conflict",
        LogSeverity.WARNING,
        r'"msg":"Operation failed with internal error\.".*"error":"(?:[^"\\]|\\.)*'
        r"(?:SQLSTATE 40001|could not serialize access|\(OC00[01]\))",
        "A write lost to another one, and its caller repeats it.",
    ),
    KnownPattern(
        "visibility_store_failed",
        LogSeverity.WARNING,
        r'"msg":"(?:ES request failed\.|Unable to commit bulk ES request\.)',
        "Elasticsearch did not take records of visibility, so that lists of workflows lag behind.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "shard_not_acquired",
        LogSeverity.WARNING,
        '"msg":"(?:Error acquiring shard|Couldn\'t acquire shard)"',
        "A history shard has no owner that can write to it.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "shard_status_unknown",
        LogSeverity.WARNING,
        _ERROR + "shard status unknown",
        "Requests failed because a history shard did not know whether it still owns its rows.",
    ),
    KnownPattern(
        "shard_ownership_lost",
        LogSeverity.WARNING,
        _ERROR
        + r"(?:Shard is owned by:|Failed to (?:update|lock) shard\. Previous range|shard closed)",
        "A history instance lost a shard to another one while it was using it.",
    ),
    KnownPattern(
        "task_processing_failed",
        LogSeverity.WARNING,
        r'"msg":"(?:Fail to process task|Critical error processing task, retrying\.)"',
        "History could not carry out a task and will try it again.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "deadline_exceeded",
        LogSeverity.WARNING,
        _ERROR + "(?i:deadline exceeded)",
        "A request took longer than its caller waits.",
    ),
    KnownPattern(
        "resource_exhausted",
        LogSeverity.WARNING,
        r'"(?:service-)?error-type":"serviceerror\.ResourceExhausted"',
        "A request was turned away by a rate limit or because a service is overloaded.",
    ),
    KnownPattern(
        "no_poller",
        LogSeverity.WARNING,
        _ERROR + "no poller seen for task queue recently",
        "A workflow was queried whose task queue has had no worker lately.",
    ),
    KnownPattern(
        "workflow_ended_for_size",
        LogSeverity.WARNING,
        r'"msg":"(?:history size|history count|mutable state size) exceeds error limit\.',
        "The server ended a workflow because its history or state grew over a limit.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "workflow_too_large",
        LogSeverity.WARNING,
        r'"msg":"(?:history size|history count|mutable state size) exceeds warn limit\.',
        "A workflow's history or state is near the size at which the server ends it.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "context_canceled",
        LogSeverity.INFO,
        _ERROR + "(?i:context cancell?ed)",
        "A caller gave up before its request was done.",
    ),
    KnownPattern(
        "shard_acquired",
        LogSeverity.INFO,
        '"msg":"Acquired shard"',
        "A history instance took a shard over.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "shard_closed",
        LogSeverity.INFO,
        '"lifecycle":"Stopped","component":"shard-context"',
        "A history instance gave a shard up.",
        (Role.HISTORY,),
    ),
    KnownPattern(
        "membership_changed",
        LogSeverity.INFO,
        '"msg":"Current reachable members"',
        "An instance of a service joined or left the cluster.",
    ),
)
"""The most severe first; within a severity, the best hint at a cause first."""
