"""The budget of models with concurrent reservations."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from copilot.explain.assessment import Assessment, Depth, Trigger
from copilot.health.decision import State
from copilot.model.budget import Limits
from copilot.store.connections import MAX_CONNECTIONS
from copilot.store.records import CycleRecord
from copilot.store.repository import Repository
from tests.builders import record

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
async def test_concurrent_reservations_stay_within_the_budget(
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
        # Connected beforehand, so that the reservations are concurrent.
        for worker in workers:
            await asyncio.gather(*(worker.ping() for _ in range(MAX_CONNECTIONS)))
        refusals = await asyncio.gather(
            *(
                workers[number % WORKERS].reserve_model_call(
                    one.key, MODEL, limits, tokens=TOKENS, now=now + timedelta(seconds=number)
                )
                for number, one in enumerate(records)
            )
        )
    assert sum(not refusal for refusal in refusals) == FIT
    spend = await repository.spend(now + timedelta(minutes=1))
    assert (spend.calls_last_hour, spend.tokens_today) == (FIT, FIT * TOKENS)


async def test_a_repeated_reservation_counts_once(repository: Repository) -> None:
    """Temporal repeats an activity whose result was lost."""
    now = datetime.now(UTC).replace(hour=1)
    first, other = assessed(0, "one"), assessed(1, "two")
    await repository.save([first, other])
    limits = Limits(calls_per_hour=1, tokens_per_day=TOKENS)
    for _ in range(2):
        assert not await repository.reserve_model_call(
            first.key, MODEL, limits, tokens=TOKENS, now=now
        )
    assert await repository.reserve_model_call(other.key, MODEL, limits, tokens=TOKENS, now=now)


async def test_a_noisy_cluster_leaves_a_part_of_the_budget_to_the_others(
    repository: Repository,
) -> None:
    now = datetime.now(UTC).replace(hour=1)
    noisy, quiet = ([assessed(cycle, name) for cycle in range(4)] for name in ("noisy", "quiet"))
    await repository.save([*noisy, *quiet])
    limits = Limits(calls_per_hour=4, tokens_per_day=100 * TOKENS, clusters=2)

    async def allowed(records: list[CycleRecord]) -> int:
        refusals = [
            await repository.reserve_model_call(one.key, MODEL, limits, tokens=TOKENS, now=now)
            for one in records
        ]
        return sum(not refusal for refusal in refusals)

    assert (await allowed(noisy), await allowed(quiet)) == (3, 1)
