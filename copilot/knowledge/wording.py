"""A query in words, for a source that ranks by words."""

from types import MappingProxyType

from copilot.health.decision import Bottleneck, CauseKind
from copilot.knowledge.corpus import document_name, documents
from copilot.knowledge.retriever import Query

MAX_CHARACTERS = 1000
"""Some sentences are enough to rank by, and Bedrock has a quota on a query's size."""

_CAUSES = MappingProxyType(
    {
        CauseKind.SOURCE: "metrics store, scrapes, missing signals",
        CauseKind.SERVICE: "Temporal service",
        CauseKind.PERSISTENCE: "persistence, database",
        CauseKind.QUEUE: "task queue, pollers, workers",
        CauseKind.WORKFLOW_TYPE: "workflow type, failures",
        CauseKind.SHARDS: "history shards, ring membership",
    }
)
_BOTTLENECKS = MappingProxyType(
    {
        Bottleneck.NONE: "",
        Bottleneck.SERVER: "the server is the bottleneck: history lag, persistence latency",
        Bottleneck.WORKER: "workers are the bottleneck: slots, pollers, schedule-to-start",
        Bottleneck.MIXED: "server and workers are the bottleneck: persistence latency, slots",
    }
)


def wording(query: Query) -> str:
    """The query as text, most telling first, at most MAX_CHARACTERS; empty for an empty query."""
    parts = [
        *(documents()[document_name(gate)].title for gate in query.gates),
        query.words,
        *(_spelled(name) for name in query.log_patterns),
        _BOTTLENECKS[query.bottleneck],
        *(_CAUSES[kind] for kind in query.causes),
    ]
    return ". ".join(part for part in parts if part)[:MAX_CHARACTERS]


def _spelled(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")
