"""Issues: one row from the first cycle that has the issue to the first cycle without it.

A cycle with a known state and without the issue ends it; an unknown cycle ends none, and an issue
that comes back is a new row. The rows follow from the stored cycles alone, so a cycle that arrives
late may extend a row, end it earlier, split it in two or move the next row's start.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from copilot.explain.explanation import Explanation, Issue
from copilot.health.decision import State
from copilot.store.records import CycleRecord, StoredIssue
from copilot.store.sql import Connection, insert, select, without_nul


def by_fingerprint(explanation: Explanation) -> dict[str, Issue]:
    """The issues by their fingerprints as they are stored."""
    return {without_nul(issue.fingerprint): issue for issue in explanation.issues}


def fingerprint_list(fingerprints: Iterable[str]) -> str:
    """The column `issues` of a cycle. `_split` searches it for an `_element`."""
    return json.dumps(list(fingerprints))


def _element(fingerprint: str) -> str:
    """The fingerprint in a list whose opening bracket is replaced by a space.

    A space and a quotation mark begin an element: within a text, a backslash precedes the mark. A
    queue's name can hold the text of another fingerprint, quotation marks included.
    """
    return f" {json.dumps(fingerprint)}"


def issue_id(cluster: str, fingerprint: str, opened_at: datetime) -> UUID:
    return uuid5(NAMESPACE_URL, f"copilot/{cluster}/{fingerprint}/{opened_at.isoformat()}")


async def newest(
    connection: Connection, cluster: str, open_only: bool, severity: str | None, limit: int
) -> tuple[StoredIssue, ...]:
    """The newest issues; `severity` None is any."""
    found = await select(
        connection,
        StoredIssue,
        "FROM issues WHERE cluster = %(cluster)s AND (resolved_at IS NULL OR NOT %(open_only)s)"
        " AND (severity = %(severity)s OR %(severity)s::text IS NULL)"
        " ORDER BY opened_at DESC, id LIMIT %(limit)s",
        {"cluster": cluster, "open_only": open_only, "severity": severity, "limit": limit},
    )
    return tuple(found)


async def update(connection: Connection, record: CycleRecord) -> None:
    """Bring the rows up to date with a cycle that has just been stored."""
    cluster, at = record.decision.cluster, record.decision.at
    present = by_fingerprint(record.explanation)
    covering = await select(
        connection,
        StoredIssue,
        "FROM issues"
        " WHERE cluster = %s AND opened_at <= %s AND (resolved_at IS NULL OR resolved_at > %s)",
        (cluster, at, at),
    )
    for row in covering:
        issue = present.pop(row.fingerprint, None)
        if issue is not None:
            if at > row.last_seen_at:
                await _rewrite(connection, row.id, issue, at)
        elif record.decision.state is not State.UNKNOWN:
            if at > row.last_seen_at:
                await _resolve(connection, row.id, at)
            else:
                await _split(connection, cluster, row, at)
    for fingerprint, issue in present.items():
        await _begin(connection, cluster, fingerprint, issue, at)


async def _begin(
    connection: Connection, cluster: str, fingerprint: str, issue: Issue, at: datetime
) -> None:
    """Insert a row, or move the start of the next row to `at`."""
    following = await select(
        connection,
        StoredIssue,
        "FROM issues"
        " WHERE cluster = %s AND fingerprint = %s AND opened_at > %s ORDER BY opened_at LIMIT 1",
        (cluster, fingerprint, at),
    )
    known = await connection.execute(
        "SELECT min(at) FROM cycles WHERE cluster = %s AND at > %s AND state <> %s",
        (cluster, at, State.UNKNOWN),
    )
    # The next cycle with a known state: if it has the issue, the next row covers it; if not, it
    # ends this row.
    (next_known_at,) = await known.fetchone() or (None,)
    if following and (next_known_at is None or next_known_at >= following[0].opened_at):
        await _insert_copy(connection, cluster, following[0], opened_at=at)
        await connection.execute("DELETE FROM issues WHERE id = %s", (following[0].id,))
        return
    row = StoredIssue(
        **issue.model_dump(),
        id=issue_id(cluster, fingerprint, at),
        fingerprint=fingerprint,
        opened_at=at,
        last_seen_at=at,
        resolved_at=next_known_at,
    )
    await insert(connection, "issues", "id", {"cluster": cluster, **dict(row)})


async def _split(connection: Connection, cluster: str, row: StoredIssue, at: datetime) -> None:
    """End the row at a cycle without the issue; later cycles with the issue get a new row."""
    fingerprint = _element(row.fingerprint)
    before = await connection.execute(
        "SELECT at, explanation FROM cycles WHERE cluster = %s AND at < %s AND at >= %s"
        " AND strpos(' ' || substr(issues, 2), %s) > 0 ORDER BY at DESC LIMIT 1",
        (cluster, at, row.opened_at, fingerprint),
    )
    after = await connection.execute(
        "SELECT min(at) FROM cycles WHERE cluster = %s AND at > %s"
        " AND strpos(' ' || substr(issues, 2), %s) > 0",
        (cluster, at, fingerprint),
    )
    last_before = await before.fetchone()
    (first_after,) = await after.fetchone() or (None,)
    if last_before is None or first_after is None:
        return  # the cycles at the row's start or end are pruned: it stays as it is
    issue = by_fingerprint(Explanation.model_validate_json(last_before[1]))[row.fingerprint]
    await _insert_copy(connection, cluster, row, opened_at=first_after)
    await _rewrite(connection, row.id, issue, last_before[0])
    await _resolve(connection, row.id, at)


async def _insert_copy(
    connection: Connection, cluster: str, row: StoredIssue, *, opened_at: datetime
) -> None:
    """Insert the row with another start, and so with another id."""
    start = {"id": issue_id(cluster, row.fingerprint, opened_at), "opened_at": opened_at}
    await insert(connection, "issues", "id", {"cluster": cluster, **dict(row), **start})


async def _rewrite(connection: Connection, row: UUID, issue: Issue, seen_at: datetime) -> None:
    await connection.execute(
        "UPDATE issues SET severity = %s, title = %s, description = %s, likely_causes = %s,"
        " next_checks = %s, last_seen_at = %s WHERE id = %s",
        (
            issue.severity,
            issue.title,
            issue.description,
            issue.likely_causes,
            issue.next_checks,
            seen_at,
            row,
        ),
    )


async def _resolve(connection: Connection, row: UUID, at: datetime) -> None:
    await connection.execute("UPDATE issues SET resolved_at = %s WHERE id = %s", (at, row))
