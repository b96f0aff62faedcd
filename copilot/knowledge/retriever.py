"""Asking for knowledge: what an explanation wants to know, and what was found."""

from typing import Annotated, Protocol, Self

from pydantic import StringConstraints

from copilot.health.decision import Bottleneck, CauseKind, Decision, GateName
from copilot.knowledge.passage import Passage
from copilot.signals.snapshot import Frozen

MAX_PASSAGES = 5


class Query(Frozen):
    """What is asked. `log_patterns` are their names; `words` are free, and may be of any kind."""

    gates: tuple[GateName, ...] = ()
    causes: tuple[CauseKind, ...] = ()
    bottleneck: Bottleneck = Bottleneck.NONE
    log_patterns: tuple[str, ...] = ()
    words: Annotated[str, StringConstraints(max_length=500)] = ""

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """What a decision makes one ask; each gate, cause and pattern once, in their order."""
        return cls(
            gates=tuple(dict.fromkeys(gate.name for gate in decision.fired)),
            causes=tuple(dict.fromkeys(cause.kind for cause in decision.causes)),
            bottleneck=decision.bottleneck,
            log_patterns=tuple(dict.fromkeys(found.name for found in decision.log_patterns)),
        )


class Found(Frozen):
    """At most MAX_PASSAGES, best first. `note` says why the knowledge base was not used, and what
    to do; it is empty when it was, and when none is set.
    """

    passages: tuple[Passage, ...] = ()
    note: str = ""


class Retriever(Protocol):
    async def passages(self, query: Query) -> Found:
        """What is known. Raises nothing for what a source does: it says so in `note`."""
        ...
