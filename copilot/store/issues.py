"""Issues: one row from the first cycle that sees a thing to the first that no longer does.

An issue ends with a cycle that could see and did not see it; an unknown cycle ends none, and
what comes back later is a new row. The rows follow from the stored cycles alone, so a cycle that
arrives late may extend a row, end it earlier, cut it in two or join the next one's start.
"""

from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from psycopg.rows import TupleRow

from copilot.explain.explanation import Explanation, Issue
from copilot.health.decision import State
from copilot.record import CycleRecord
from copilot.store.columns import Connection, from_names, storable, to_names
from copilot.store.rows import StoredIssue


def by_fingerprint(explanation: Explanation) -> dict[str, Issue]:
    """The issues as they are stored: under a fingerprint without NUL."""
    return {storable(issue.fingerprint): issue for issue in explanation.issues}


def issue_id(cluster: str, fingerprint: str, opened_at: datetime) -> UUID:
    return uuid5(NAMESPACE_URL, f"copilot/{cluster}/{fingerprint}/{opened_at.isoformat()}")


async def newest(
    connection: Connection, cluster: str, open_only: bool, severity: str | None, limit: int
) -> tuple[StoredIssue, ...]:
    cursor = await connection.execute(
        "SELECT id, fingerprint, gate, subject, severity, title, description, likely_causes,"
        " next_checks, opened_at, last_seen_at, resolved_at FROM issues"
        " WHERE cluster = %(cluster)s AND (resolved_at IS NULL OR NOT %(open_only)s)"
        " AND (severity = %(severity)s OR %(severity)s::text IS NULL)"
        " ORDER BY opened_at DESC, id LIMIT %(limit)s",
        {"cluster": cluster, "open_only": open_only, "severity": severity, "limit": limit},
    )
    return tuple([_stored(row) async for row in cursor])


async def apply(connection: Connection, record: CycleRecord) -> None:
    """Bring the rows up to date with a cycle that has just been stored."""
    decision = record.decision
    seen = by_fingerprint(record.explanation)
    for row in await _covering(connection, decision.cluster, decision.at):
        issue = seen.pop(row.fingerprint, None)
        if issue is not None:
            if decision.at > row.last_seen_at:
                await _rewrite(connection, row.id, issue, decision.at)
        elif decision.state is not State.UNKNOWN:
            if decision.at > row.last_seen_at:
                await _resolve(connection, row.id, decision.at)
            else:
                await _cut(connection, decision.cluster, row, decision.at)
    for fingerprint, issue in seen.items():
        await _begin(connection, decision.cluster, fingerprint, issue, decision.at)


async def _covering(connection: Connection, cluster: str, at: datetime) -> tuple[StoredIssue, ...]:
    cursor = await connection.execute(
        "SELECT id, fingerprint, gate, subject, severity, title, description, likely_causes,"
        " next_checks, opened_at, last_seen_at, resolved_at FROM issues"
        " WHERE cluster = %s AND opened_at <= %s AND (resolved_at IS NULL OR resolved_at > %s)",
        (cluster, at, at),
    )
    return tuple([_stored(row) async for row in cursor])


async def _begin(
    connection: Connection, cluster: str, fingerprint: str, issue: Issue, at: datetime
) -> None:
    """A row for what no row covers, or the next row's start moved back to here."""
    following = await connection.execute(
        "SELECT id, opened_at FROM issues"
        " WHERE cluster = %s AND fingerprint = %s AND opened_at > %s ORDER BY opened_at LIMIT 1",
        (cluster, fingerprint, at),
    )
    next_row = await following.fetchone()
    clear = await connection.execute(
        "SELECT min(at) FROM cycles WHERE cluster = %s AND at > %s AND state <> %s",
        (cluster, at, State.UNKNOWN.value),
    )
    # The first cycle since that could see: either it saw the issue too, and so the next row
    # covers it, or it ends this one.
    (next_seeing,) = await clear.fetchone() or (None,)
    if next_row and (next_seeing is None or next_seeing >= next_row[1]):
        await _reopen_at(connection, cluster, fingerprint, next_row[0], at)
        return
    await connection.execute(
        "INSERT INTO issues (id, cluster, fingerprint, gate, subject, severity, title,"
        " description, likely_causes, next_checks, opened_at, last_seen_at, resolved_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            issue_id(cluster, fingerprint, at),
            cluster,
            fingerprint,
            storable(issue.gate),
            storable(issue.subject),
            *_words(issue),
            at,
            at,
            next_seeing,
        ),
    )


async def _cut(connection: Connection, cluster: str, row: StoredIssue, at: datetime) -> None:
    """A cycle between two that saw the issue did not: what follows it is a new row."""
    before = await connection.execute(
        "SELECT at, explanation FROM cycles WHERE cluster = %s AND at < %s AND at >= %s"
        " AND strpos(issues, %s) > 0 ORDER BY at DESC LIMIT 1",
        (cluster, at, row.opened_at, _needle(row.fingerprint)),
    )
    after = await connection.execute(
        "SELECT min(at) FROM cycles WHERE cluster = %s AND at > %s AND strpos(issues, %s) > 0",
        (cluster, at, _needle(row.fingerprint)),
    )
    last_before = await before.fetchone()
    (first_after,) = await after.fetchone() or (None,)
    if last_before is None or first_after is None:
        return  # the cycles that the row began or went on with are pruned: it stays as it is
    issue = by_fingerprint(Explanation.model_validate_json(last_before[1]))[row.fingerprint]
    await _copy(connection, cluster, row.fingerprint, row.id, first_after)
    await _rewrite(connection, row.id, issue, last_before[0])
    await _resolve(connection, row.id, at)


async def _reopen_at(
    connection: Connection, cluster: str, fingerprint: str, row: UUID, opened_at: datetime
) -> None:
    await _copy(connection, cluster, fingerprint, row, opened_at)
    await connection.execute("DELETE FROM issues WHERE id = %s", (row,))


async def _copy(
    connection: Connection, cluster: str, fingerprint: str, row: UUID, opened_at: datetime
) -> None:
    """The same row with another start; the key follows from the start."""
    await connection.execute(
        "INSERT INTO issues (id, cluster, fingerprint, gate, subject, severity, title,"
        " description, likely_causes, next_checks, opened_at, last_seen_at, resolved_at)"
        " SELECT %s, cluster, fingerprint, gate, subject, severity, title, description,"
        " likely_causes, next_checks, %s, last_seen_at, resolved_at FROM issues WHERE id = %s",
        (issue_id(cluster, fingerprint, opened_at), opened_at, row),
    )


async def _rewrite(connection: Connection, row: UUID, issue: Issue, seen_at: datetime) -> None:
    await connection.execute(
        "UPDATE issues SET severity = %s, title = %s, description = %s, likely_causes = %s,"
        " next_checks = %s, last_seen_at = %s WHERE id = %s",
        (*_words(issue), seen_at, row),
    )


async def _resolve(connection: Connection, row: UUID, at: datetime) -> None:
    await connection.execute("UPDATE issues SET resolved_at = %s WHERE id = %s", (at, row))


def _words(issue: Issue) -> tuple[str, str, str, str, str]:
    return (
        storable(issue.severity),
        storable(issue.title),
        storable(issue.description),
        from_names(issue.likely_causes),
        from_names(issue.next_checks),
    )


def _needle(fingerprint: str) -> str:
    """A fingerprint as it stands in a cycle's JSON list of them."""
    return from_names([fingerprint])[1:-1]


def _stored(row: TupleRow) -> StoredIssue:
    key, fingerprint, gate, subject, severity, title, description, likely, checks, *times = row
    opened_at, last_seen_at, resolved_at = times
    return StoredIssue(
        id=key,
        fingerprint=fingerprint,
        gate=gate,
        subject=subject,
        severity=severity,
        title=title,
        description=description,
        likely_causes=to_names(likely),
        next_checks=to_names(checks),
        opened_at=opened_at,
        last_seen_at=last_seen_at,
        resolved_at=resolved_at,
    )
