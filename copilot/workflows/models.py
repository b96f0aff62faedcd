"""What goes into and comes out of the Observe workflow."""

from pydantic import BaseModel

from copilot.activities.models import Recall
from copilot.explain.assessment import Assessed
from copilot.health.decision import Band, Cause, Memory, State
from copilot.signals.snapshot import Frozen, QueueKey, UtcDatetime
from copilot.workflows.outbox import Outbox
from copilot.workflows.schedule import Schedule


class Cadence(Frozen):
    """The setting that a running loop must learn when it changes; seconds."""

    cycle_seconds: float


class Progress(BaseModel):
    """All that a loop knows. One run of the chain hands it to the next whole, so that a continued
    run equals an uninterrupted one.

    `run_id` is the first run's. `begun` is when the last cycle began, `judged` the time of the
    last decision and `causes` its causes; `queues` are those that the last survey asked for.
    `unjudged` counts cycles that ended without a decision; `assessed` is what was told lately.
    `logs_until` is the end of the last window in which log patterns were counted.
    """

    run_id: str
    schedule: Schedule
    recall: Recall | None = None
    begun: UtcDatetime | None = None
    judged: UtcDatetime | None = None
    memory: Memory = Memory()
    causes: tuple[Cause, ...] = ()
    queues: tuple[QueueKey, ...] = ()
    outbox: Outbox = Outbox()
    unjudged: int = 0
    assessed: tuple[Assessed, ...] = ()
    logs_until: UtcDatetime | None = None


class ObserveInput(Frozen):
    """`progress` is set by a run that continues an earlier one."""

    cluster: str
    cadence: Cadence
    progress: Progress | None = None


class Ended(Frozen):
    """Why a loop that does not end by itself ended."""

    reason: str


class Latest(Frozen):
    """The last decision in short, and how the loop itself does. `at` is None before the first."""

    at: UtcDatetime | None
    cycle: int
    state: State
    band: Band | None
    causes: tuple[Cause, ...]
    cycle_seconds: float
    recall: Recall | None
    waiting_for_store: int
    dropped: int
    unjudged: int
