"""Evaluate the snapshots of a file in order, by one or two sets of limits."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from pydantic import FiniteFloat

from copilot.health.decision import (
    Cause,
    Decision,
    Memory,
    RuleName,
    RuleResult,
    Severity,
    State,
)
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.replay.snapshot_file import SnapshotLine
from copilot.signals.reading import Frozen


class FiredRule(Frozen):
    """A fired rule with the value that it observed and its limit."""

    name: RuleName
    subject: str
    severity: Severity
    signal: str
    observed: FiniteFloat | None
    threshold: FiniteFloat | None
    unit: str

    @classmethod
    def of(cls, result: RuleResult) -> Self:
        return cls.model_validate(result, from_attributes=True)

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.name, self.subject, self.severity


class Outcome(Frozen):
    """What a decision says. `fired` are the rules that decide; notices change no state."""

    state: State
    causes: tuple[Cause, ...]
    fired: tuple[FiredRule, ...]
    notices: tuple[FiredRule, ...]

    @classmethod
    def of(cls, decision: Decision) -> Self:
        fired = [FiredRule.of(result) for result in decision.gates if result.fired]
        return cls(
            state=decision.state,
            causes=decision.causes,
            fired=tuple(rule for rule in fired if rule.severity != "notice"),
            notices=tuple(rule for rule in fired if rule.severity == "notice"),
        )

    def differs_from(self, other: "Outcome") -> bool:
        """True for another state, cause, fired rule or notice; values and limits do not count."""
        return self._compared() != other._compared()

    def _compared(self) -> tuple[object, ...]:
        return (
            self.state,
            self.causes,
            [rule.identity for rule in self.fired],
            [rule.identity for rule in self.notices],
        )


class Evaluated(NamedTuple):
    """One snapshot's decision, and the one by the other limits, if there are any."""

    decision: Decision
    tried: Decision | None


def evaluate_again(
    lines: Iterable[SnapshotLine], tried: Thresholds | None = None
) -> Iterator[Evaluated]:
    """The decision of each snapshot by the default limits, and by the `tried` ones.

    Each set of limits passes on its own memory, and each cluster has its own. Both sets start again
    from a line's memory.
    """
    memories: dict[str, Evaluated] = {}
    limits = Thresholds()
    for line in lines:
        last = memories.get(line.cluster)
        if line.memory is not None:
            usual = other = line.memory
        elif last:
            usual = last.decision.memory
            other = last.tried.memory if last.tried else usual
        else:
            usual = other = Memory()
        memories[line.cluster] = Evaluated(
            evaluate(usual, line, limits), evaluate(other, line, tried) if tried else None
        )
        yield memories[line.cluster]
