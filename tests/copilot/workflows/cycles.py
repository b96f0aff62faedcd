"""Looks and records for tests of the loop, and the stand-ins for what it asks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity

from copilot.activities.models import LookRequest, RecallRequest, Recollection, Saved, SaveRequest
from copilot.errors import StoreError
from copilot.explain.templates import explain
from copilot.health.decision import Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.record import CycleRecord
from copilot.signals.snapshot import Reading, Snapshot
from tests.copilot.health.snapshots import Scene

THRESHOLDS = Thresholds()


def seen(*, healthy: bool = True, cycle: int = 0, at: datetime | None = None) -> Snapshot:
    """A healthy cluster, or one whose history service is down."""
    scene = Scene()
    if not healthy:
        scene.up["history"] = Reading.of(0)
    snapshot = scene.build(cycle)
    return snapshot.model_copy(update={"at": at}) if at else snapshot


def record(memory: Memory, snapshot: Snapshot, run_id: str = "run") -> CycleRecord:
    decision = evaluate(memory, snapshot, THRESHOLDS)
    return CycleRecord(
        run_id=run_id,
        decision=decision,
        snapshot=snapshot,
        explanation=explain(decision, snapshot),
    )


async def healthy_look(_: int) -> Snapshot:
    return seen()


@dataclass
class LookStandIn:
    """Answers the n-th look (from 0) by `answer(n)`, without any cluster."""

    answer: Callable[[int], Awaitable[Snapshot]] = healthy_look
    requests: list[LookRequest] = field(default_factory=list)

    @activity.defn
    async def look(self, request: LookRequest) -> Snapshot:
        self.requests.append(request)
        return await self.answer(len(self.requests) - 1)


@dataclass
class StoreStandIn:
    """A store in memory that can be away (`down`) and can hang (`hangs`)."""

    memory: Memory | None = None
    down: bool = False
    hangs: bool = False
    records: list[CycleRecord] = field(default_factory=list)
    attempts: int = 0

    @activity.defn
    async def recall(self, request: RecallRequest) -> Recollection:
        assert request.cluster
        await self._answer()
        return Recollection(memory=self.memory)

    @activity.defn
    async def save(self, request: SaveRequest) -> Saved:
        self.attempts += 1
        await self._answer()
        keys = {kept.key for kept in self.records}
        self.records += [record for record in request.records if record.key not in keys]
        return Saved(records=len(request.records))

    async def _answer(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise StoreError("the stand-in for the store is down")
