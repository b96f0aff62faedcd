"""The explanation of a decision: the rules' text, and a model's reading beside it."""

from enum import StrEnum

from pydantic import FiniteFloat

from copilot.signals.reading import Frozen


class ExplainedBy(StrEnum):
    RULES = "rules"
    QUICK_MODEL = "quick_model"
    DEEP_MODEL = "deep_model"


class Issue(Frozen):
    """A problem, from the result of a rule. Only `narrative` is a model's."""

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
        """Identifies the issue from cycle to cycle."""
        return f"{self.gate}:{self.subject}"


class Notice(Frozen):
    """Something worth reading that changes no state, from the result of a rule."""

    gate: str
    subject: str = ""
    title: str
    description: str


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
    """Something to do. Only a model gives a `confidence`, 0 to 1."""

    action_type: ActionType
    target_service: str
    description: str
    confidence: FiniteFloat | None = None
    risk_level: Risk = Risk.LOW


class Citation(Frozen):
    """The source of a passage that a model used."""

    document: str
    heading: str
    uri: str


class Explanation(Frozen):
    """What is affected, why, and what to do; `issues` with the root first.

    A model writes `reading`, the issues' narratives, `citations`, and `actions` where it has any.
    """

    summary: str
    reading: str = ""
    issues: tuple[Issue, ...] = ()
    notices: tuple[Notice, ...] = ()
    actions: tuple[Action, ...] = ()
    citations: tuple[Citation, ...] = ()
    explained_by: ExplainedBy = ExplainedBy.RULES
