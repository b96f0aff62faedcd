"""A query for passages, from a decision, and its text for a source that ranks by words."""

from types import MappingProxyType
from typing import Annotated, Self

from pydantic import StringConstraints

from copilot.health.decision import Bottleneck, CauseKind, Decision, RuleName
from copilot.knowledge.corpus import document_name, documents
from copilot.signals.reading import Frozen

MAX_CHARACTERS = 1000
"""Some sentences are enough to rank by, and Bedrock limits the size of a query."""

_CAUSES = MappingProxyType(
    {
        CauseKind.SOURCE: "metrics store, scrapes, missing signals",
        CauseKind.SERVICE: "Temporal service",
        CauseKind.PERSISTENCE: "persistence, database",
        CauseKind.QUEUE: "task queue, pollers, workers",
        CauseKind.WORKFLOW_TYPE: "workflow type, failures",
        CauseKind.SHARDS: "history shards, ring membership",
        CauseKind.NAMESPACE: "namespace limit of requests",
        CauseKind.VISIBILITY: "visibility store",
        CauseKind.VERSION: "worker deployment version",
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


class Query(Frozen):
    """Rules that fired, causes, bottleneck, names of log patterns, and any other words."""

    rules: tuple[RuleName, ...] = ()
    causes: tuple[CauseKind, ...] = ()
    bottleneck: Bottleneck = Bottleneck.NONE
    log_patterns: tuple[str, ...] = ()
    words: Annotated[str, StringConstraints(max_length=500)] = ""

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """Each rule, cause and pattern of the decision once, in its order."""
        return cls(
            rules=tuple(dict.fromkeys(rule.name for rule in decision.fired)),
            causes=tuple(dict.fromkeys(cause.kind for cause in decision.causes)),
            bottleneck=decision.bottleneck,
            log_patterns=tuple(dict.fromkeys(pattern.name for pattern in decision.log_patterns)),
        )

    @property
    def text(self) -> str:
        """At most MAX_CHARACTERS, most specific first; "" for an empty query."""
        parts = [
            *(documents()[document_name(rule)].title for rule in self.rules),
            self.words,
            *(name.replace("_", " ").replace("-", " ") for name in self.log_patterns),
            _BOTTLENECKS[self.bottleneck],
            *(_CAUSES[kind] for kind in self.causes),
        ]
        return ". ".join(filter(None, parts))[:MAX_CHARACTERS]
