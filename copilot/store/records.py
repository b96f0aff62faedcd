"""The models that the store saves and returns."""

from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BeforeValidator, FiniteFloat
from pydantic_core import from_json

from copilot.explain.assessment import Assessment, Depth, Trigger
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import (
    Bottleneck,
    Cause,
    Decision,
    LogPattern,
    RuleResult,
    ScaleTier,
    State,
)
from copilot.signals.queue import QueueKey
from copilot.signals.reading import Frozen, UtcDatetime
from copilot.signals.snapshot import Snapshot

FromJson = BeforeValidator(lambda value: from_json(value) if isinstance(value, str) else value)
"""For a field whose column holds JSON."""


class CycleRecord(Frozen):
    """One cycle. Its decision and explanation are kept for longer if there is an `assessment`."""

    run_id: str  # of the first run in the Observe workflow's chain
    decision: Decision
    snapshot: Snapshot
    explanation: Explanation
    assessment: Assessment | None = None

    @property
    def key(self) -> UUID:
        """The same for the same cycle, so that a cycle that is saved twice is stored once."""
        decision = self.decision
        return uuid5(NAMESPACE_URL, f"copilot/{decision.cluster}/{self.run_id}/{decision.cycle}")


class CyclePoint(Frozen):
    """One cycle without its evidence, for charts. `fired` are names of rules, in their order."""

    at: UtcDatetime
    cycle: int
    state: State
    band: ScaleTier | None
    idle: bool
    fired: Annotated[tuple[str, ...], FromJson]
    causes: Annotated[tuple[Cause, ...], FromJson]


class StateChange(Frozen):
    """A cycle whose state differs from the one before; `key` is that cycle's."""

    key: UUID
    at: UtcDatetime
    cycle: int
    from_state: State
    to_state: State
    band: ScaleTier | None
    causes: Annotated[tuple[Cause, ...], FromJson]
    summary: str


class TimelinePage(Frozen):
    """State changes, oldest first.

    `state_at_start` is the state at the window's start, unknown when nothing older is stored.
    `next_cursor` is None on the last page.
    """

    state_at_start: State
    changes: tuple[StateChange, ...]
    next_cursor: str | None


class StateStart(Frozen):
    """When a state began, and the state before it."""

    at: UtcDatetime
    from_state: State


class Gap(Frozen):
    """A time without a valid verdict: [start, end)."""

    start: UtcDatetime
    end: UtcDatetime


class StoredIssue(Frozen):
    """An issue from its first cycle to its last; open while `resolved_at` is None.

    Texts and severity are from its last cycle.
    """

    id: UUID
    fingerprint: str
    gate: str
    subject: str
    severity: str
    title: str
    description: str
    likely_causes: Annotated[tuple[str, ...], FromJson]
    next_checks: Annotated[tuple[str, ...], FromJson]
    opened_at: UtcDatetime
    last_seen_at: UtcDatetime
    resolved_at: UtcDatetime | None


class RememberedQueues(Frozen):
    """Queues of earlier cycles, busiest first; `truncated` counts the stored queues left out."""

    keys: tuple[QueueKey, ...]
    truncated: int


class Evidence(Frozen):
    """The fired rules of an assessed cycle, and the signals that explain them."""

    gates: tuple[RuleResult, ...]
    bottleneck: Bottleneck
    bottleneck_reasons: tuple[str, ...]
    log_patterns: tuple[LogPattern, ...]
    logs_missing: str


class StoredAssessment(Frozen):
    """The assessment of a cycle, under the cycle's key.

    `asked_at` is when `model` was called, None without a call. `failure` says why a call gave no
    reading, `note` what else was missing: a refused call, a knowledge base.
    """

    key: UUID
    cluster: str
    cycle: int
    at: UtcDatetime
    stored_at: UtcDatetime
    trigger: Trigger
    state: State
    band: ScaleTier | None
    causes: Annotated[tuple[Cause, ...], FromJson]
    evidence: Annotated[Evidence, FromJson]
    fingerprint: str
    depth: Depth
    explained_by: ExplainedBy
    explanation: Annotated[Explanation, FromJson]
    model: str = ""
    asked_at: UtcDatetime | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: FiniteFloat | None = None
    failure: str = ""
    note: str = ""


class ModelAnswer(Frozen):
    """The outcome of a model's call. `explanation` is None when it gave no reading."""

    explanation: Explanation | None = None
    requests: int = 1
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: FiniteFloat | None = None
    failure: str = ""
    note: str = ""
