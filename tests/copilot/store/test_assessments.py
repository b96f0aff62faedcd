"""What models may take of the budget, when several ask at once."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from copilot.explain.assessment import Assessment, Depth, Trigger
from copilot.explain.budget import Limits
from copilot.health.decision import State
from copilot.record import CycleRecord
from copilot.store.connections import MAX_CONNECTIONS
from copilot.store.repository import Repository
from tests.copilot.store.records import record

MODEL = "bedrock:eu.anthropic.claude"
TOKENS = 9000
FIT = 3
WORKERS = 3


def assessed(cycle: int, cluster: str) -> CycleRecord:
    assessment = Assessment(
        trigger=Trigger.EVIDENCE_CHANGE, fingerprint=str(cycle), depth=Depth.QUICK
    )
    troubled = record(cycle, State.STRESSED, "orders", cluster=cluster)
    return troubled.model_copy(update={"assessment": assessment})


@pytest.mark.parametrize(
    "limits",
    [
        Limits(calls_per_hour=FIT, tokens_per_day=1_000_000),
        Limits(calls_per_hour=1000, tokens_per_day=FIT * TOKENS + TOKENS - 1),
    ],
    ids=["calls", "tokens"],
)
async def test_of_calls_at_once_no_more_are_made_than_fit(
    repository: Repository, database_url: str, limits: Limits
) -> None:
    # An hour after midnight, so that both limits count the same calls.
    now = datetime.now(UTC).replace(hour=1)
    records = [assessed(cycle, f"cluster-{cycle % 2}") for cycle in range(4 * WORKERS)]
    await repository.save(records)
    async with AsyncExitStack() as opened:
        workers = [
            await opened.enter_async_context(Repository.open(database_url)) for _ in range(WORKERS)
        ]
        # Connected beforehand, so that they do ask at once.
        for worker in workers:
            await asyncio.gather(*(worker.ping() for _ in range(MAX_CONNECTIONS)))
        refusals = await asyncio.gather(
            *(
                workers[number % WORKERS].ask_model(
                    one.key, MODEL, limits, tokens=TOKENS, now=now + timedelta(seconds=number)
                )
                for number, one in enumerate(records)
            )
        )
    assert sum(not refusal for refusal in refusals) == FIT
    spend = await repository.spend(now + timedelta(minutes=1))
    assert (spend.calls_last_hour, spend.tokens_today) == (FIT, FIT * TOKENS)


async def test_asking_again_about_the_same_assessment_counts_once(repository: Repository) -> None:
    """As an activity does that was repeated because its first answer got lost."""
    now = datetime.now(UTC).replace(hour=1)
    first, other = assessed(0, "one"), assessed(1, "two")
    await repository.save([first, other])
    limits = Limits(calls_per_hour=1, tokens_per_day=TOKENS)
    for _ in range(2):
        assert not await repository.ask_model(first.key, MODEL, limits, tokens=TOKENS, now=now)
    assert await repository.ask_model(other.key, MODEL, limits, tokens=TOKENS, now=now)
