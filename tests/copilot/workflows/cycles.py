"""Snapshots and records for tests of the loop, and fakes of its activities."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from temporalio import activity

from copilot.activities.models import (
    CollectRequest,
    LoadedMemory,
    LoadMemoryRequest,
    Saved,
    SaveRequest,
)
from copilot.canary.models import ProbeRequest, ProbeResult
from copilot.errors import StoreError
from copilot.health.decision import Memory
from copilot.health.thresholds import Thresholds
from copilot.signals.probe import Probe
from copilot.signals.snapshot import Snapshot
from copilot.store.records import CycleRecord
from tests.builders import cycle_time, queue_facts, records_of, snapshot

THRESHOLDS = Thresholds()


def cluster_snapshot(
    *, healthy: bool = True, cycle: int = 0, at: datetime | None = None
) -> Snapshot:
    """A cluster with one task queue, healthy or with the history service down."""
    down = () if healthy else ("history",)
    return snapshot(at or cycle_time(cycle), queues=[queue_facts()], down=down)


def record(memory: Memory, observed: Snapshot, run_id: str = "run") -> CycleRecord:
    return records_of([observed], run_id, memory)[0]


async def healthy(_: int) -> Snapshot:
    return cluster_snapshot()


@dataclass
class FakeCollector:
    """Returns `answer(n)` as the n-th snapshot, from 0."""

    answer: Callable[[int], Awaitable[Snapshot]] = healthy
    requests: list[CollectRequest] = field(default_factory=list)

    @activity.defn(name="look")
    async def collect_snapshot(self, request: CollectRequest) -> Snapshot:
        self.requests.append(request)
        return await self.answer(len(self.requests) - 1)


async def calm(request: ProbeRequest) -> ProbeResult:
    """A look that sees no trouble, and takes no time: time is skipped only between activities."""
    return ProbeResult(probe=Probe(at=datetime.now(UTC)), sweep=request.sweep)


@dataclass
class FakeProbe:
    """Returns `answer(request)`; without an answer, a look that sees no trouble."""

    answer: Callable[[ProbeRequest], Awaitable[ProbeResult]] = calm
    requests: list[ProbeRequest] = field(default_factory=list)

    @activity.defn(name="probe")
    async def probe(self, request: ProbeRequest) -> ProbeResult:
        self.requests.append(request)
        return await self.answer(request)


@dataclass
class FakeStore:
    """A store in memory. While `down` it raises StoreError, while `hangs` it does not answer."""

    memory: Memory | None = None
    down: bool = False
    hangs: bool = False
    records: list[CycleRecord] = field(default_factory=list)
    attempts: int = 0

    @activity.defn(name="recall")
    async def load_memory(self, request: LoadMemoryRequest) -> LoadedMemory:
        assert request.cluster
        await self._answer()
        return LoadedMemory(memory=self.memory)

    @activity.defn(name="save")
    async def save_cycles(self, request: SaveRequest) -> Saved:
        self.attempts += 1
        await self._answer()
        keys = {record.key for record in self.records}
        self.records += [record for record in request.records if record.key not in keys]
        return Saved(records=len(request.records))

    async def _answer(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise StoreError("the fake store is down")
