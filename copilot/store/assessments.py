"""Assessments: the explanation of a cycle, its evidence, the model's reading and its cost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from copilot.explain.explanation import ExplainedBy
from copilot.model.budget import Limits, Spend, refusal
from copilot.store.records import CycleRecord, Evidence, ModelAnswer, StoredAssessment
from copilot.store.sql import Connection, insert, select

UNANSWERED = "the model has not answered"
# More than the circuit breaker needs.
RECENT_CALLS = 20


async def save(connection: Connection, record: CycleRecord) -> None:
    """Store the cycle's assessment, if it has one, with the rules' explanation."""
    assessment, decision = record.assessment, record.decision
    if assessment is None:
        return
    evidence = Evidence(
        gates=decision.fired,
        bottleneck=decision.bottleneck,
        bottleneck_reasons=decision.bottleneck_reasons,
        log_patterns=decision.log_patterns,
        logs_missing=decision.logs_missing,
    )
    row = StoredAssessment(
        key=record.key,
        cluster=decision.cluster,
        cycle=decision.cycle,
        at=decision.at,
        stored_at=datetime.now(UTC),
        trigger=assessment.trigger,
        state=decision.state,
        band=decision.band,
        causes=decision.causes,
        evidence=evidence,
        fingerprint=assessment.fingerprint,
        depth=assessment.depth,
        explained_by=record.explanation.explained_by,
        explanation=record.explanation,
    )
    await insert(connection, "assessments", "key", dict(row))


async def get(connection: Connection, key: UUID) -> StoredAssessment | None:
    """The assessment of the cycle with that key."""
    found = await select(connection, StoredAssessment, "FROM assessments WHERE key = %s", (key,))
    return found[0] if found else None


async def newest(connection: Connection, cluster: str, limit: int) -> tuple[StoredAssessment, ...]:
    found = await select(
        connection,
        StoredAssessment,
        "FROM assessments WHERE cluster = %s ORDER BY at DESC LIMIT %s",
        (cluster, limit),
    )
    return tuple(found)


async def of_evidence(
    connection: Connection, cluster: str, fingerprint: str, since: datetime
) -> StoredAssessment | None:
    """The newest assessment of this evidence; an assessment by a model before any other."""
    found = await select(
        connection,
        StoredAssessment,
        "FROM assessments WHERE cluster = %s AND at >= %s AND fingerprint = %s"
        " ORDER BY CASE WHEN explained_by = %s THEN 1 ELSE 0 END, at DESC LIMIT 1",
        (cluster, since, fingerprint, ExplainedBy.RULES),
    )
    return found[0] if found else None


async def reserve_call(
    connection: Connection,
    key: UUID,
    model: str,
    limits: Limits,
    *,
    tokens: int,
    now: datetime,
    requests: int = 1,
) -> str:
    """Reserve a model's call for the assessment; returns why the budget refuses it, or "".

    `requests` and `tokens` are the most that the call can take: they count as spent until
    `save_model_answer` replaces them. A repeated reservation for one assessment counts once.
    """
    spent = await spend(connection, now, besides=key)
    reason = refusal(spent, limits, tokens, now, requests)
    if reason:
        return reason
    # Two concurrent calls could each find room for the last one: this row makes one of them fail
    # with SQLSTATE 40001 and run again.
    await connection.execute(
        "INSERT INTO model_budgets (name, calls) VALUES ('all clusters', 1)"
        " ON CONFLICT (name) DO UPDATE SET calls = model_budgets.calls + 1"
    )
    await connection.execute(
        "UPDATE assessments SET model = %s, asked_at = %s, requests = %s, input_tokens = %s,"
        " failure = %s WHERE key = %s",
        (model, now, requests, tokens, UNANSWERED, key),
    )
    return ""


async def add_note(connection: Connection, key: UUID, text: str) -> None:
    """Note what was missing, beside the rules' explanation."""
    await connection.execute("UPDATE assessments SET note = %s WHERE key = %s", (text, key))


async def save_model_answer(connection: Connection, key: UUID, answer: ModelAnswer) -> None:
    """Store the model's reading, or why there is none."""
    await connection.execute(
        "UPDATE assessments SET requests = %s, input_tokens = %s, output_tokens = %s,"
        " cost_usd = %s, failure = %s, note = %s WHERE key = %s",
        (
            answer.requests,
            answer.input_tokens,
            answer.output_tokens,
            answer.cost_usd,
            answer.failure,
            answer.note,
            key,
        ),
    )
    if answer.explanation:
        await connection.execute(
            "UPDATE assessments SET explained_by = %s, explanation = %s WHERE key = %s",
            (answer.explanation.explained_by, answer.explanation, key),
        )


async def spend(connection: Connection, now: datetime, besides: UUID | None = None) -> Spend:
    """What the models of all clusters took up to `now`, but for the assessment `besides`.

    Its cluster's own use is counted, too.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    cursor = await connection.execute(
        "SELECT coalesce(sum(coalesce(requests, 1)) FILTER (WHERE asked_at > %(hour)s), 0),"
        " coalesce(sum(input_tokens + output_tokens) FILTER (WHERE asked_at >= %(midnight)s), 0),"
        " coalesce(sum(coalesce(requests, 1))"
        "  FILTER (WHERE asked_at > %(hour)s AND cluster = own), 0),"
        " coalesce(sum(input_tokens + output_tokens)"
        "  FILTER (WHERE asked_at >= %(midnight)s AND cluster = own), 0),"
        " sum(cost_usd) FILTER (WHERE asked_at >= %(midnight)s),"
        " count(*) FILTER (WHERE asked_at >= %(midnight)s AND cost_usd IS NULL)"
        " FROM assessments,"
        " (SELECT max(cluster) AS own FROM assessments WHERE key = %(besides)s) AS asking"
        " WHERE asked_at > %(since)s AND key IS DISTINCT FROM %(besides)s",
        {
            "besides": besides,
            "hour": now - timedelta(hours=1),
            "midnight": midnight,
            "since": min(midnight, now - timedelta(hours=1)) - timedelta(seconds=1),
        },
    )
    calls, tokens, own_calls, own_tokens, cost, unpriced = await cursor.fetchone() or (
        0,
        0,
        0,
        0,
        None,
        0,
    )
    recent = await connection.execute(
        "SELECT asked_at, failure FROM assessments"
        " WHERE asked_at IS NOT NULL AND key IS DISTINCT FROM %s ORDER BY asked_at DESC LIMIT %s",
        (besides, RECENT_CALLS),
    )
    failed: list[tuple[datetime, str]] = []
    async for asked_at, failure in recent:
        if not failure:
            break
        failed.append((asked_at, failure))
    return Spend(
        calls_last_hour=int(calls),
        tokens_today=int(tokens),
        own_calls=int(own_calls),
        own_tokens=int(own_tokens),
        cost_usd_today=None if unpriced else float(cost or 0),
        failures_in_a_row=len(failed),
        last_failure_at=failed[0][0] if failed else None,
        last_failure=failed[0][1] if failed else "",
    )
