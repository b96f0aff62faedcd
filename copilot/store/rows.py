"""What the store answers beside whole cycles."""

from uuid import UUID

from copilot.health.decision import Band, Cause, State
from copilot.signals.snapshot import Frozen, QueueKey, UtcDatetime


class CyclePoint(Frozen):
    """One cycle without its evidence, for charts. `fired` are gate names, in the order of gates."""

    at: UtcDatetime
    cycle: int
    state: State
    band: Band | None
    idle: bool
    fired: tuple[str, ...]
    causes: tuple[Cause, ...]


class StateChange(Frozen):
    """A cycle whose state differs from the one before; `key` is that cycle's."""

    key: UUID
    at: UtcDatetime
    cycle: int
    from_state: State
    to_state: State
    band: Band | None
    causes: tuple[Cause, ...]
    summary: str


class TimelinePage(Frozen):
    """State changes, oldest first.

    `state_at_start` is the state at the window's start, unknown when nothing older is stored.
    `next_cursor` is None on the last page.
    """

    state_at_start: State
    changes: tuple[StateChange, ...]
    next_cursor: str | None


class StoredIssue(Frozen):
    """An issue from the first cycle that saw it to the last; open while `resolved_at` is None.

    Its words and severity are those of the last cycle that saw it.
    """

    id: UUID
    fingerprint: str
    gate: str
    subject: str
    severity: str
    title: str
    description: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]
    opened_at: UtcDatetime
    last_seen_at: UtcDatetime
    resolved_at: UtcDatetime | None


class RememberedQueues(Frozen):
    """Queues seen before, busiest first; `truncated` is how many more are remembered."""

    keys: tuple[QueueKey, ...]
    truncated: int
