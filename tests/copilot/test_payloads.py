"""Payloads of the loop: readable while small, and within Temporal's limits when they are not."""

from random import Random

from temporalio.api.common.v1 import Payload

from copilot.health.decision import Memory
from copilot.health.thresholds import Thresholds
from copilot.payloads import DATA_CONVERTER
from copilot.signals.snapshot import QueueSurvey
from copilot.workflows.models import Cadence, ObserveInput, Progress
from copilot.workflows.outbox import KEEP_CHANGES, Outbox
from copilot.workflows.schedule import Schedule
from tests.copilot.health.snapshots import START, Scene, queue
from tests.copilot.workflows.cycles import record

# The server's limit for one payload, bytes (limit.blobSize.error).
PAYLOAD_LIMIT = 2 * 1024 * 1024


async def encoded(value: object) -> Payload:
    (payload,) = await DATA_CONVERTER.encode([value])
    return payload


async def test_a_small_payload_stays_readable_json() -> None:
    payload = await encoded(Cadence(cycle_seconds=30))
    assert payload.data == b'{"cycle_seconds":30.0}'


async def test_the_largest_state_that_a_run_can_hand_over_fits_and_comes_back() -> None:
    """As many records as may wait, each of as many queues as are asked, all without pollers."""
    keep = Thresholds().trailing_cycles
    rates = Random(1)  # noqa: S311 - figures that do not compress, the same in every run
    memory = Memory(
        update_rates=tuple(rates.uniform(100, 200) for _ in range(keep)),
        demand_rates=tuple(rates.uniform(5, 10) for _ in range(keep)),
    )
    scene = Scene(
        queues=QueueSurvey(
            queues=tuple(
                queue(
                    f"team-{number:03}-orders-task-queue",
                    backlog=rates.randint(0, 100_000),
                    age=rates.uniform(0, 1000),
                    added=rates.uniform(0, 10),
                    dispatched=rates.uniform(0, 10),
                    pollers=0,
                )
                for number in range(200)
            )
        )
    )
    outbox = Outbox(
        records=tuple(record(memory, scene.build(cycle)) for cycle in range(KEEP_CHANGES))
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
