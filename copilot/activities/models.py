"""Input and output of the activities: one model each. Field names are in recorded histories."""

from enum import StrEnum
from uuid import UUID

from pydantic import AliasChoices, Field, FiniteFloat

from copilot.explain.assessment import Assessed, Assessment
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import Decision, Memory
from copilot.model.answer import Answer
from copilot.model.prompt import Reference
from copilot.model.trends import Trend
from copilot.signals.measurement import InstanceRoles
from copilot.signals.queue import QueueKey
from copilot.signals.reading import Frozen, UtcDatetime
from copilot.signals.snapshot import Snapshot
from copilot.store.records import CycleRecord


class CollectRequest(Frozen):
    """`cycle` counts cycles; it tells whose turn it is where not all is asked in each of them.

    `known_queues` are the last cycle's queues that are in use, `late_queues` those of them whose
    tasks were late or that did not answer. `asked_until` is where the last cycle's turn ended.
    `logs_since` is the end of the last window in which log patterns were counted, `learned_roles`
    what the last cycle knew of the cluster's instances.
    """

    cluster: str
    cycle: int = 0
    known_queues: tuple[QueueKey, ...] = ()
    late_queues: tuple[QueueKey, ...] = ()
    asked_until: QueueKey | None = None
    logs_since: UtcDatetime | None = None
    learned_roles: tuple[InstanceRoles, ...] = ()


class EvaluateRequest(Frozen):
    """`begun` is when the cycle began, by Temporal's clock; `assessed` are recent assessments."""

    memory: Memory
    snapshot: Snapshot
    begun: UtcDatetime
    assessed: tuple[Assessed, ...] = ()


class Evaluation(Frozen):
    """`assessment` is None where the evidence is not new."""

    decision: Decision
    explanation: Explanation
    assessment: Assessment | None = None


class SaveRequest(Frozen):
    cluster: str
    records: tuple[CycleRecord, ...]


class Saved(Frozen):
    records: int


class LoadMemoryRequest(Frozen):
    cluster: str


class LoadedMemory(Frozen):
    """`memory` is None when the store has no cycle of the cluster."""

    memory: Memory | None = None


class MemoryRestore(StrEnum):
    """The memory with which a new chain of runs began."""

    RESTORED = "restored"
    NOTHING_STORED = "nothing_stored"
    STORE_UNAVAILABLE = "store_unavailable"


class AssessRequest(Frozen):
    """`key` is that of a stored cycle, and of its assessment."""

    cluster: str
    key: UUID


class Preparation(Frozen):
    """The prompt for a model. `refusal` says why no request may be sent, empty when one may.

    `requests` is how many the budget allows: an answer that fails a check takes a second one.
    `references` and `trends` are in the prompt beside the cycle; `note` says what was missing.
    """

    refusal: str = ""
    model: str = ""
    prompt: str = ""
    references: tuple[Reference, ...] = ()
    trends: dict[str, Trend] = Field(default_factory=dict)
    note: str = ""
    requests: int = 1


class ModelUsage(Frozen):
    """`cost_usd` is None where the price is not known."""

    requests: int = 1
    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None


class ModelRun(Frozen):
    """A model's answer to a prompt, or why there is none.

    `usage` is None only in workflows that began under an earlier version, which named it `took`:
    what was reserved then counts as spent.
    """

    key: UUID
    preparation: Preparation
    answer: Answer | None = None
    usage: ModelUsage | None = Field(None, validation_alias=AliasChoices("usage", "took"))
    failure: str = ""


class AssessmentResult(Frozen):
    """Whose reading the assessment has. `failure` says why a model's request gave none, `refusal`
    why no request was sent.
    """

    explained_by: ExplainedBy = ExplainedBy.RULES
    failure: str = ""
    refusal: str = ""
