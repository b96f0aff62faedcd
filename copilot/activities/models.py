"""What goes into and comes out of the Observe workflow's activities: one model each."""

from enum import StrEnum

from copilot.explain.explanation import Explanation
from copilot.health.decision import Decision, Memory
from copilot.knowledge.retriever import Query
from copilot.record import CycleRecord
from copilot.signals.snapshot import Frozen, QueueKey, Snapshot, UtcDatetime


class LookRequest(Frozen):
    """`known_queues` are those of the last cycle: the list to ask while the store is away.

    `find_queues` also asks visibility for queues; the server answers that less cheaply.
    """

    cluster: str
    known_queues: tuple[QueueKey, ...] = ()
    find_queues: bool = False


class JudgeRequest(Frozen):
    """`begun` is when the cycle began, by Temporal's clock."""

    memory: Memory
    snapshot: Snapshot
    begun: UtcDatetime


class Judgement(Frozen):
    decision: Decision
    explanation: Explanation


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


class RetrieveRequest(Frozen):
    """`query` is `Query.of(decision)`, with free words where there are some."""

    query: Query


class Recall(StrEnum):
    """What a fresh chain of runs began with."""

    RESTORED = "restored"
    NOTHING_STORED = "nothing_stored"
    STORE_UNAVAILABLE = "store_unavailable"
