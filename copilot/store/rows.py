"""What the store answers beside whole cycles."""

from uuid import UUID

from pydantic import FiniteFloat

from copilot.explain.assessment import Depth, Trigger
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import Band, Bottleneck, Cause, Gate, LogPattern, State
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


class Evidence(Frozen):
    """What an assessment rests on: the fired gates, and what explains them."""

    gates: tuple[Gate, ...]
    bottleneck: Bottleneck
    bottleneck_reasons: tuple[str, ...]
    log_patterns: tuple[LogPattern, ...]
    logs_missing: str


class StoredAssessment(Frozen):
    """What was told of one cycle, whose key it has.

    `asked_at` is when `model` was asked, None where none was. `failure` says why a model that was
    asked did not explain, `note` what else was missing: a refused call, a knowledge base.
    """

    key: UUID
    cluster: str
    cycle: int
    at: UtcDatetime
    stored_at: UtcDatetime
    trigger: Trigger
    state: State
    band: Band | None
    causes: tuple[Cause, ...]
    evidence: Evidence
    fingerprint: str
    depth: Depth
    explained_by: ExplainedBy
    explanation: Explanation
    model: str
    asked_at: UtcDatetime | None
    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None
    failure: str
    note: str


class ModelAnswer(Frozen):
    """What came of asking a model. `explanation` is None when the template's words stay."""

    explanation: Explanation | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: FiniteFloat | None = None
    failure: str = ""
    note: str = ""
