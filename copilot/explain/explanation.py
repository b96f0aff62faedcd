"""The prose of a decision, by template or by a model."""

from enum import StrEnum

from pydantic import FiniteFloat

from copilot.signals.snapshot import Frozen


class ExplainedBy(StrEnum):
    RULES = "rules"
    QUICK_MODEL = "quick_model"
    DEEP_MODEL = "deep_model"


class Issue(Frozen):
    """One thing that is wrong: a fired gate, or several of one name, in words.

    `narrative` is what a model says of it; the rest follows from the gate alone.
    """

    gate: str
    subject: str = ""
    severity: str  # "blind", "critical" or "stressed"
    title: str
    description: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]
    narrative: str = ""

    @property
    def fingerprint(self) -> str:
        """Same gate and subject, same issue, from one cycle to the next."""
        return f"{self.gate}:{self.subject}"


class ActionType(StrEnum):
    INVESTIGATE = "investigate"
    RESTART = "restart"
    SCALE = "scale"
    CONFIGURE = "configure"
    ALERT = "alert"


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Action(Frozen):
    """Something to do. `confidence` (0 to 1) is a model's own; a template has none."""

    action_type: ActionType
    target_service: str
    description: str
    confidence: FiniteFloat | None = None
    risk_level: Risk = Risk.LOW


class Citation(Frozen):
    """Where a passage comes from that a model leaned on."""

    document: str
    heading: str
    uri: str


class Explanation(Frozen):
    """What is affected, why, and what to do; `issues` in the decision's gate order."""

    summary: str
    issues: tuple[Issue, ...] = ()
    actions: tuple[Action, ...] = ()
    citations: tuple[Citation, ...] = ()
    explained_by: ExplainedBy = ExplainedBy.RULES
