"""A model's answer, and what of it is let through: prose, and nothing else."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from copilot.explain.all_clear import all_clear, disguised
from copilot.explain.brief import Brief, numbers_in
from copilot.explain.explanation import (
    Action,
    ActionType,
    ExplainedBy,
    Explanation,
    Issue,
    Risk,
)
from copilot.explain.state_vocabulary import words_of
from copilot.explain.state_words import contradiction
from copilot.health.decision import Bottleneck, Decision, GateName, State
from copilot.redact import redact

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]
Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=1500, strip_whitespace=True)]

# Fewer workers while tasks wait for them would make it worse, whatever a model thinks. Its own word
# for the direction is asked for, and its sentence read, because it may not fit that word.
_FEWER_WORKERS = re.compile(
    r"\b(?:scal\w+ down|decreas\w+|reduc\w+|fewer|remov\w+|stop|cut|shut down|half)\b"
    r"(?:\s+\w+){0,3}\s+(?:workers?|pollers?|slots?)\b",
    re.IGNORECASE,
)


class AnswerError(ValueError):
    """The answer says what it may not; the message says what."""


class IssueAnswer(BaseModel):
    """What one fired gate means here."""

    gate: str = Field(description="id of a fired gate, such as G1")
    narrative: Paragraph = Field(description="why it fired, and what it has to do with the others")


class ActionAnswer(BaseModel):
    """One thing to do."""

    action_type: ActionType
    target_service: Sentence = Field(description="the service or queue to act on")
    description: Sentence = Field(description="what to do and how to see that it helped")
    scale: Literal["up", "down", "none"] = Field("none", description="direction, when scaling")
    confidence: float = Field(ge=0, le=1, description="how sure you are that it helps")
    risk_level: Risk


class Answer(BaseModel):
    """The explanation."""

    summary: Paragraph = Field(description="what holds back progress and why, in two to five lines")
    issues: list[IssueAnswer] = Field(default_factory=list, max_length=8)
    actions: list[ActionAnswer] = Field(
        default_factory=list, max_length=5, description="most useful first"
    )
    passages: list[str] = Field(
        default_factory=list, max_length=10, description="ids of the passages used, such as P1"
    )


def admitted(
    answer: Answer,
    decision: Decision,
    template: Explanation,
    brief: Brief,
    explained_by: ExplainedBy,
) -> Explanation:
    """The template with the answer's prose in it.

    Issues stay those of the gates, and of their figures and severities nothing changes. Raises
    AnswerError for an answer that states another state, a figure or a name that it was not given.
    """
    for text in _texts(answer):
        _check(text, decision, brief)
    narratives = {
        (gate.name, gate.subject): _shown(issue.narrative, brief)
        for issue in answer.issues
        if (gate := brief.gates.get(issue.gate))
    }
    cited = [brief.passages[name] for name in answer.passages if name in brief.passages]
    return Explanation(
        summary=_shown(answer.summary, brief),
        issues=tuple(_told(issue, narratives) for issue in template.issues),
        actions=tuple(_actions(answer, decision, brief)) or template.actions,
        citations=tuple(dict.fromkeys(cited)),
        explained_by=explained_by,
    )


def _texts(answer: Answer) -> Iterator[str]:
    yield answer.summary
    yield from (issue.narrative for issue in answer.issues)
    for action in answer.actions:
        yield action.target_service
        yield action.description


def _check(text: str, decision: Decision, brief: Brief) -> None:
    if hidden := disguised(text):
        raise AnswerError(f"it has letters that may hide a word: {hidden}")
    if made_up := sorted(numbers_in(text) - brief.numbers):
        raise AnswerError(f"it states figures that are not in the evidence: {', '.join(made_up)}")
    blamed = _blamed(decision, brief)
    if stated := contradiction(text, decision.state, decision.previous_state, blamed):
        raise AnswerError(f"it states another state: {stated}")
    if decision.state is not State.HAPPY and (found := all_clear(text)):
        raise AnswerError(f"it gives the all-clear: {found}")
    try:
        brief.aliases.show(text)
    except ValueError as error:
        raise AnswerError(f"it names what it was not told of: {error}") from error


def _blamed(decision: Decision, brief: Brief) -> frozenset[str]:
    """The words by which the evidence names parts of the cluster, and the model does."""
    names = ["gate", *(f"{cause.kind} {cause.name}" for cause in decision.causes)]
    names += [f"{gate.name} {gate.subject} {gate.signal}" for gate in decision.fired]
    if decision.bottleneck in (Bottleneck.WORKER, Bottleneck.MIXED):
        names.append("worker")
    return frozenset(words_of(" ".join(brief.aliases.hide(name) for name in names)))


def _shown(text: str, brief: Brief) -> str:
    return redact(brief.aliases.show(text))


def _told(issue: Issue, narratives: dict[tuple[GateName, str], str]) -> Issue:
    narrative = narratives.get((GateName(issue.gate), issue.subject), "")
    return issue.model_copy(update={"narrative": narrative})


def _actions(answer: Answer, decision: Decision, brief: Brief) -> Iterator[Action]:
    workers_are_short = decision.bottleneck in (Bottleneck.WORKER, Bottleneck.MIXED) or any(
        gate.name is GateName.STARVED_QUEUE for gate in decision.fired
    )
    for action in answer.actions:
        fewer = action.scale == "down" or _FEWER_WORKERS.search(action.description)
        if workers_are_short and fewer:
            continue
        yield Action(
            action_type=action.action_type,
            target_service=_shown(action.target_service, brief),
            description=_shown(action.description, brief),
            confidence=action.confidence,
            risk_level=action.risk_level,
        )
