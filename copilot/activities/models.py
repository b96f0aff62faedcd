"""What goes into and comes out of the Observe workflow's activities: one model each."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field, FiniteFloat

from copilot.explain.answer import Answer
from copilot.explain.assessment import Assessed, Assessment
from copilot.explain.brief import Reference
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.explain.trends import Trend
from copilot.health.decision import Decision, Memory
from copilot.record import CycleRecord
from copilot.signals.snapshot import Frozen, QueueKey, Snapshot, UtcDatetime


class LookRequest(Frozen):
    """`known_queues` are those of the last cycle: the list to ask while the store is away.

    `find_queues` also asks visibility for queues; the server answers that less cheaply.
    `logs_since` is until when log patterns are counted already.
    """

    cluster: str
    known_queues: tuple[QueueKey, ...] = ()
    find_queues: bool = False
    logs_since: UtcDatetime | None = None


class JudgeRequest(Frozen):
    """`begun` is when the cycle began, by Temporal's clock; `assessed` is what was told lately."""

    memory: Memory
    snapshot: Snapshot
    begun: UtcDatetime
    assessed: tuple[Assessed, ...] = ()


class Judgement(Frozen):
    """`assessment` is None where nothing is new."""

    decision: Decision
    explanation: Explanation
    assessment: Assessment | None = None


class SaveRequest(Frozen):
    cluster: str
    records: tuple[CycleRecord, ...]


class Saved(Frozen):
    records: int


class RecallRequest(Frozen):
    cluster: str


class Recollection(Frozen):
    """`memory` is None when the store knows no earlier cycle of the cluster."""

    memory: Memory | None = None


class Recall(StrEnum):
    """What a fresh chain of runs began with."""

    RESTORED = "restored"
    NOTHING_STORED = "nothing_stored"
    STORE_UNAVAILABLE = "store_unavailable"


class AssessRequest(Frozen):
    """`key` is that of a stored cycle, and of its assessment."""

    cluster: str
    key: UUID


class Preparation(Frozen):
    """What to ask which model. `refusal` says why none is asked, empty when one is.

    `references` and `trends` are what the prompt was made of beside the cycle; `note` says what
    was missing.
    """

    refusal: str = ""
    model: str = ""
    prompt: str = ""
    references: tuple[Reference, ...] = ()
    trends: dict[str, Trend] = Field(default_factory=dict)
    note: str = ""


class Took(Frozen):
    """What a call took; `cost_usd` is None where its price is not known."""

    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None


class Conclusion(Frozen):
    """What a model answered to a preparation, or why it did not.

    `took` is None where nobody knows: what was set aside for the call then counts as spent.
    """

    key: UUID
    preparation: Preparation
    answer: Answer | None = None
    took: Took | None = None
    failure: str = ""


class Told(Frozen):
    """Who explains the cycle now. `failure` is set when a model was asked in vain."""

    explained_by: ExplainedBy = ExplainedBy.RULES
    failure: str = ""
    refusal: str = ""
