"""Small payloads are readable, large ones within Temporal's limits."""

from random import Random

from temporalio.api.common.v1 import Payload

from copilot.health.decision import Memory
from copilot.health.thresholds import Thresholds
from copilot.workflows.models import Cadence, ObserveInput, Progress
from copilot.workflows.outbox import MAX_WITH_CHANGES, Outbox
from copilot.workflows.payloads import DATA_CONVERTER
from copilot.workflows.schedule import Schedule
from tests.builders import START, cycle_time, queue_facts, snapshot
from tests.copilot.workflows.cycles import record

# The server's limit for one payload, bytes (limit.blobSize.error).
PAYLOAD_LIMIT = 2 * 1024 * 1024


async def encoded(value: object) -> Payload:
    (payload,) = await DATA_CONVERTER.encode([value])
    return payload


async def test_a_small_payload_stays_readable_json() -> None:
    payload = await encoded(Cadence(cycle_seconds=30))
    assert payload.data == b'{"cycle_seconds":30.0}'


async def test_the_largest_input_of_a_run_fits_and_decodes() -> None:
    """The most records, each with the most queues, all without pollers."""
    keep = Thresholds().trailing_cycles
    rates = Random(1)  # noqa: S311 - figures that do not compress, the same in every run
    memory = Memory(
        update_rates=tuple(rates.uniform(100, 200) for _ in range(keep)),
        demand_rates=tuple(rates.uniform(5, 10) for _ in range(keep)),
    )
    queues = [
        queue_facts(
            f"team-{number:03}-orders-task-queue",
            backlog=rates.randint(0, 100_000),
            backlog_age_seconds=rates.uniform(0, 1000),
            add_rate=rates.uniform(0, 10),
            dispatch_rate=rates.uniform(0, 10),
            pollers=0,
        )
        for number in range(200)
    ]
    outbox = Outbox(
        records=tuple(
            record(memory, snapshot(cycle_time(cycle), queues=queues))
            for cycle in range(MAX_WITH_CHANGES)
        )
    )
    start = ObserveInput(
        cluster="monitored",
        cadence=Cadence(cycle_seconds=30),
        progress=Progress(
            run_id="run",
            schedule=Schedule(origin=START, cycle_seconds=30),
            memory=memory,
            outbox=outbox,
        ),
    )
    payload = await encoded(start)
    assert len(payload.data) < 0.6 * PAYLOAD_LIMIT
    (decoded,) = await DATA_CONVERTER.decode([payload], [ObserveInput])
    assert decoded == start
