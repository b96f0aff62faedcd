"""Record the histories that the replay test reads: `python -m tests.copilot.workflows.record NAME`.

A recorded history stands for a loop that runs while a new version of the Copilot is rolled out.
So do not replace one when the workflow changes: put the change behind `workflow.patched`, add a
scenario or record the same one under a new name, and keep the old file until no such loop can run.
"""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from copilot.activities.models import Recall
from copilot.health.decision import Memory
from copilot.signals.snapshot import Snapshot
from copilot.workflows.models import Cadence, Progress
from copilot.workflows.observe import Observe
from copilot.workflows.outbox import Outbox
from copilot.workflows.schedule import Schedule
from tests.copilot.health.snapshots import START
from tests.copilot.workflows.assess_stand_ins import Fails
from tests.copilot.workflows.cycles import LookStandIn, StoreStandIn, record, seen
from tests.copilot.workflows.loop import Loop, running, time_skipping

HISTORIES = Path(__file__).parent / "histories"


async def trouble(environment: WorkflowEnvironment) -> Loop:
    """A first run: a look and a judgement fail, the store is away, the cadence changes."""

    async def answer(cycle: int) -> Snapshot:
        store.down = cycle == 1
        if cycle == 2:
            raise ApplicationError("nothing to see", non_retryable=True)
        return seen(cycle=cycle)

    store = StoreStandIn(memory=Memory(cycle=9))
    async with running(environment, LookStandIn(answer), store) as loop:
        loop.judge.fail_at = 4
        await environment.sleep(timedelta(seconds=100))
        await loop.handle.signal(Observe.configure, Cadence(cycle_seconds=60))
        await environment.sleep(timedelta(seconds=60))
    return loop


async def continued(environment: WorkflowEnvironment) -> Loop:
    """A run that continues another, with a cycle that waits for the store."""
    waiting = record(Memory(), seen())
    progress = Progress(
        run_id="run",
        schedule=Schedule(origin=START, cycle_seconds=30, next_slot=1),
        recall=Recall.NOTHING_STORED,
        begun=START,
        judged=START,
        memory=waiting.decision.memory,
        outbox=Outbox().add(waiting),
    )
    async with running(environment, LookStandIn(), StoreStandIn(), progress=progress) as loop:
        await environment.sleep(timedelta(seconds=45))
    return loop


async def assessed(environment: WorkflowEnvironment) -> Loop:
    """Trouble that a model fails to explain, so that it is asked again."""

    async def answer(cycle: int) -> Snapshot:
        return seen(healthy=cycle < 1, cycle=cycle)

    async with running(environment, LookStandIn(answer), StoreStandIn(), assess=Fails) as loop:
        await environment.sleep(timedelta(minutes=8))
    return loop


SCENARIOS = {"trouble": trouble, "continued": continued, "assessed": assessed}


def anonymous(part: object) -> object:
    """A history without the machine it was recorded on."""
    if isinstance(part, list):
        return [anonymous(one) for one in part]
    if isinstance(part, dict):
        hidden = {"identity", "stackTrace"}
        return {key: anonymous(value) for key, value in part.items() if key not in hidden}
    return part


async def main(name: str) -> None:
    scenario = SCENARIOS[name]
    async with await time_skipping() as environment:
        loop = await scenario(environment)
        history = (await loop.histories(environment))[0]
    path = HISTORIES / f"{name}.json"
    events = json.dumps(anonymous(history.to_json_dict()), separators=(",", ":"))
    path.write_text(events + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(history.events)} events in {path}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
