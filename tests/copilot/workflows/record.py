"""Record a history for the replay test: `python -m tests.copilot.workflows.record NAME`.

A recorded history is a loop that runs while a new version of the Copilot is rolled out. Do not
replace it when the workflow changes: put the change behind `workflow.patched`, record a scenario
under a new name, and keep the old file until no such loop can run.
"""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from copilot.activities.models import MemoryRestore
from copilot.canary.models import ProbeRequest, ProbeResult
from copilot.health.decision import Memory
from copilot.signals.probe import Probe
from copilot.signals.snapshot import Snapshot
from copilot.workflows.models import Cadence, Progress
from copilot.workflows.observe import Observe
from copilot.workflows.outbox import Outbox
from copilot.workflows.schedule import Schedule
from tests.builders import START
from tests.copilot.workflows.cycles import (
    FakeCollector,
    FakeProbe,
    FakeStore,
    cluster_snapshot,
    record,
)
from tests.copilot.workflows.loop import Loop, running, time_skipping
from tests.fakes.assess_workflow import Fails

HISTORIES = Path(__file__).parent / "histories"


async def trouble(environment: WorkflowEnvironment) -> Loop:
    """A first run: a collection and an evaluation fail, the store is down, the cadence changes."""

    async def answer(cycle: int) -> Snapshot:
        store.down = cycle == 1
        if cycle == 2:
            raise ApplicationError("nothing to see", non_retryable=True)
        return cluster_snapshot(cycle=cycle)

    store = FakeStore(memory=Memory(cycle=9))
    async with running(environment, FakeCollector(answer), store) as loop:
        loop.evaluator.fail_at = 4
        await environment.sleep(timedelta(seconds=100))
        await loop.handle.signal(Observe.configure, Cadence(cycle_seconds=60))
        await environment.sleep(timedelta(seconds=60))
    return loop


async def continued(environment: WorkflowEnvironment) -> Loop:
    """A run that continues another, with a cycle that waits for the store."""
    waiting = record(Memory(), cluster_snapshot())
    progress = Progress(
        run_id="run",
        schedule=Schedule(origin=START, cycle_seconds=30, next_slot=1),
        recall=MemoryRestore.NOTHING_STORED,
        begun=START,
        judged=START,
        memory=waiting.decision.memory,
        outbox=Outbox().add(waiting),
    )
    async with running(environment, FakeCollector(), FakeStore(), progress=progress) as loop:
        await environment.sleep(timedelta(seconds=45))
    return loop


async def assessed(environment: WorkflowEnvironment) -> Loop:
    """A model that fails to read the evidence, so that the loop repeats the request."""

    async def answer(cycle: int) -> Snapshot:
        return cluster_snapshot(healthy=cycle < 1, cycle=cycle)

    async with running(environment, FakeCollector(answer), FakeStore(), assess=Fails) as loop:
        await environment.sleep(timedelta(minutes=8))
    return loop


async def probed(environment: WorkflowEnvironment) -> Loop:
    """Looks between the cycles: one turns bad and calls a cycle, one fails, one turns good."""

    async def answer(request: ProbeRequest) -> ProbeResult:
        number = len(probe.requests)
        if number == 4:
            raise ApplicationError("a defect", non_retryable=True)
        troubles = ("frontend",) if 2 <= number < 6 else ()
        return ProbeResult(
            probe=Probe(at=START, frontend=",".join(troubles)),
            sweep=request.sweep,
            troubles=troubles,
            turned=troubles != request.known,
        )

    probe = FakeProbe(answer)
    async with running(environment, FakeCollector(), FakeStore(), probe=probe) as loop:
        await environment.sleep(timedelta(seconds=200))
    return loop


SCENARIOS = {
    "trouble": trouble,
    "continued": continued,
    "assessed": assessed,
    "probed": probed,
}


def anonymous(part: object) -> object:
    """A history without names of the machine."""
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
