"""Input, state and output of the Observe workflow. Field names are in recorded histories."""

from pydantic import BaseModel

from copilot.activities.models import MemoryRestore
from copilot.canary.sweep import Sweep
from copilot.explain.assessment import Assessed
from copilot.health.decision import Cause, Memory, ScaleTier, State
from copilot.signals.measurement import InstanceRoles
from copilot.signals.queue import QueueKey
from copilot.signals.reading import Frozen, UtcDatetime
from copilot.workflows.outbox import Outbox
from copilot.workflows.schedule import Schedule


class Cadence(Frozen):
    """The setting that the worker sends to a running loop when it starts; seconds."""

    cycle_seconds: float


class Progress(BaseModel):
    """The whole state of a loop, which one run of the chain passes to the next.

    `run_id` is the first run's. `begun` is when the last cycle began, `judged` the time of the last
    decision and `causes` its causes; `queues` are the queues of the last survey that are in use,
    `late_queues` those of them with late tasks or without an answer, `asked_until` is where its
    turn ended. `unjudged` counts cycles that ended without a decision; `assessed` are recent
    assessments. `logs_until` is the end of the last window in which log patterns were counted.
    `troubles` are what the probe saw before the last cycle, `sweep` is where its canaries are,
    `instances` are the processes that it asks, and `reached` those that answered it. `unserved`
    counts cycles without a worker that knows the cluster. `learned_roles` are those of instances.
    """

    run_id: str
    schedule: Schedule
    recall: MemoryRestore | None = None
    begun: UtcDatetime | None = None
    judged: UtcDatetime | None = None
    memory: Memory = Memory()
    causes: tuple[Cause, ...] = ()
    queues: tuple[QueueKey, ...] = ()
    late_queues: tuple[QueueKey, ...] = ()
    asked_until: QueueKey | None = None
    outbox: Outbox = Outbox()
    unjudged: int = 0
    assessed: tuple[Assessed, ...] = ()
    logs_until: UtcDatetime | None = None
    troubles: tuple[str, ...] = ()
    sweep: Sweep = Sweep()
    instances: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    unserved: int = 0
    learned_roles: tuple[InstanceRoles, ...] = ()


class ObserveInput(Frozen):
    """`progress` is set in a run that continues another one."""

    cluster: str
    cadence: Cadence
    progress: Progress | None = None


class LoopEnd(Frozen):
    """Why the loop ended, which it does only by an error."""

    reason: str


class LoopStatus(Frozen):
    """The last decision in short, and the loop's own state. `at` is None before the first."""

    at: UtcDatetime | None
    cycle: int
    state: State
    band: ScaleTier | None
    causes: tuple[Cause, ...]
    cycle_seconds: float
    recall: MemoryRestore | None
    waiting_for_store: int
    dropped: int
    unjudged: int
