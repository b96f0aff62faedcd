"""The prose of a decision, by template or (later) by a model."""

from enum import StrEnum

from copilot.signals.snapshot import Frozen


class ExplainedBy(StrEnum):
    RULES = "rules"


class Issue(Frozen):
    """One thing that is wrong: a fired gate, or several of one name, in words."""

    gate: str
    subject: str = ""
    severity: str  # "blind", "critical" or "stressed"
    title: str
    description: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Same gate and subject, same issue, from one cycle to the next."""
        return f"{self.gate}:{self.subject}"


class Explanation(Frozen):
    """What is affected, why, and what to look at; `issues` in the decision's gate order."""

    summary: str
    issues: tuple[Issue, ...] = ()
    explained_by: ExplainedBy = ExplainedBy.RULES
