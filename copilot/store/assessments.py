"""Assessments: what was told of a cycle and on what evidence, by whom, and what it cost."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.rows import TupleRow

from copilot.explain.assessment import Depth, Trigger
from copilot.explain.budget import Limits, Spend, refusal
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import Band, State
from copilot.record import CycleRecord
from copilot.store.columns import Connection, from_causes, storable, to_causes
from copilot.store.rows import Evidence, ModelAnswer, StoredAssessment

UNANSWERED = "the model has not answered"
# More failures in a row than the circuit breaker needs.
RECENT_CALLS = 20

_COLUMNS: LiteralString = (
    "key, cluster, cycle, at, stored_at, trigger, state, band, causes, evidence, fingerprint,"
    " depth, explained_by, explanation, model, asked_at, input_tokens, output_tokens, cost_usd,"
    " failure, note"
)


async def save(connection: Connection, record: CycleRecord) -> None:
    """Store the cycle's assessment, if it has one, with the template's words."""
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
    await connection.execute(
        "INSERT INTO assessments (key, cluster, cycle, at, stored_at, trigger, state, band, causes,"
        " evidence, fingerprint, depth, explained_by, explanation, model, input_tokens,"
        " output_tokens, failure, note)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', 0, 0, '', '')"
        " ON CONFLICT (key) DO NOTHING",
        (
            record.key,
            decision.cluster,
            decision.cycle,
            decision.at,
            datetime.now(UTC),
            assessment.trigger.value,
            decision.state.value,
            decision.band.value if decision.band else None,
            from_causes(decision.causes),
            evidence.model_dump_json(),
            assessment.fingerprint,
            assessment.depth.value,
            record.explanation.explained_by.value,
            record.explanation.model_dump_json(),
        ),
    )


async def get(connection: Connection, key: UUID) -> StoredAssessment | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM assessments WHERE key = %s",  # noqa: S608 - a constant
        (key,),
    )
    row = await cursor.fetchone()
    return _stored(row) if row else None


async def newest(connection: Connection, cluster: str, limit: int) -> tuple[StoredAssessment, ...]:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM assessments"  # noqa: S608 - a constant
        " WHERE cluster = %s ORDER BY at DESC LIMIT %s",
        (cluster, limit),
    )
    return tuple([_stored(row) async for row in cursor])


async def wording(
    connection: Connection, cluster: str, fingerprint: str, since: datetime
) -> StoredAssessment | None:
    """The newest assessment of this evidence, one that a model worded before any other."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM assessments"  # noqa: S608 - a constant
        " WHERE cluster = %s AND at >= %s AND fingerprint = %s"
        " ORDER BY CASE WHEN explained_by = %s THEN 1 ELSE 0 END, at DESC LIMIT 1",
        (cluster, since, fingerprint, ExplainedBy.RULES.value),
    )
    row = await cursor.fetchone()
    return _stored(row) if row else None


async def ask(
    connection: Connection, key: UUID, model: str, limits: Limits, *, tokens: int, now: datetime
) -> str:
    """Note that `model` is asked about the assessment; why it may not be, empty when it may.

    `tokens` is the most that it could take: until the answer is there, they count as spent. Asking
    about the same assessment again counts once.
    """
    reason = refusal(await spend(connection, now, besides=key), limits, tokens, now)
    if reason:
        return reason
    # Two at once could each find room for the last call: this row makes one of them fail with 40001
    # and come again.
    await connection.execute(
        "INSERT INTO model_budgets (name, calls) VALUES ('all clusters', 1)"
        " ON CONFLICT (name) DO UPDATE SET calls = model_budgets.calls + 1"
    )
    await connection.execute(
        "UPDATE assessments SET model = %s, asked_at = %s, input_tokens = %s, failure = %s"
        " WHERE key = %s",
        (storable(model), now, tokens, UNANSWERED, key),
    )
    return ""


async def note(connection: Connection, key: UUID, text: str) -> None:
    """Say beside the template's words what was missing."""
    await connection.execute(
        "UPDATE assessments SET note = %s WHERE key = %s", (storable(text), key)
    )


async def conclude(connection: Connection, key: UUID, answer: ModelAnswer) -> None:
    """Store what the model said, or why the template's words stay."""
    await connection.execute(
        "UPDATE assessments SET input_tokens = %s, output_tokens = %s, cost_usd = %s,"
        " failure = %s, note = %s WHERE key = %s",
        (
            answer.input_tokens,
            answer.output_tokens,
            answer.cost_usd,
            storable(answer.failure),
            storable(answer.note),
            key,
        ),
    )
    if answer.explanation:
        await connection.execute(
            "UPDATE assessments SET explained_by = %s, explanation = %s WHERE key = %s",
            (answer.explanation.explained_by.value, answer.explanation.model_dump_json(), key),
        )


async def spend(connection: Connection, now: datetime, besides: UUID | None = None) -> Spend:
    """What all clusters' assessments, one left out, took of models up to `now`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    cursor = await connection.execute(
        "SELECT count(*) FILTER (WHERE asked_at > %(hour)s),"
        " coalesce(sum(input_tokens + output_tokens) FILTER (WHERE asked_at >= %(midnight)s), 0),"
        " sum(cost_usd) FILTER (WHERE asked_at >= %(midnight)s),"
        " count(*) FILTER (WHERE asked_at >= %(midnight)s AND cost_usd IS NULL)"
        " FROM assessments WHERE asked_at > %(since)s AND key IS DISTINCT FROM %(besides)s",
        {
            "besides": besides,
            "hour": now - timedelta(hours=1),
            "midnight": midnight,
            "since": min(midnight, now - timedelta(hours=1)) - timedelta(seconds=1),
        },
    )
    calls, tokens, cost, unpriced = await cursor.fetchone() or (0, 0, None, 0)
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
        calls_last_hour=calls,
        tokens_today=int(tokens),
        cost_usd_today=None if unpriced else float(cost or 0),
        failures_in_a_row=len(failed),
        last_failure_at=failed[0][0] if failed else None,
        last_failure=failed[0][1] if failed else "",
    )


def _stored(row: TupleRow) -> StoredAssessment:
    key, cluster, cycle, at, stored_at, trigger, state, band, causes, evidence, *rest = row
    fingerprint, depth, explained_by, explanation, model, asked_at, *rest = rest
    input_tokens, output_tokens, cost_usd, failure, note = rest
    return StoredAssessment(
        key=key,
        cluster=cluster,
        cycle=cycle,
        at=at,
        stored_at=stored_at,
        trigger=Trigger(trigger),
        state=State(state),
        band=Band(band) if band else None,
        causes=to_causes(causes),
        evidence=Evidence.model_validate_json(evidence),
        fingerprint=fingerprint,
        depth=Depth(depth),
        explained_by=ExplainedBy(explained_by),
        explanation=Explanation.model_validate_json(explanation),
        model=model,
        asked_at=asked_at,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=cost_usd,
        failure=failure,
        note=note,
    )
