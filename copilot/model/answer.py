"""A model's answer: its schema, its checks, and the explanation that it becomes a part of."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, Field, StringConstraints

from copilot.explain.explanation import (
    Action,
    ActionType,
    ExplainedBy,
    Explanation,
    Risk,
)
from copilot.health.decision import Bottleneck, Decision, RuleName
from copilot.model.aliases import aliases_in
from copilot.model.figures import made_up_figures
from copilot.model.prompt import Prompt
from copilot.redact import plain, redact

Sentence = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400, strip_whitespace=True),
    AfterValidator(plain),
]
Paragraph = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1500, strip_whitespace=True),
    AfterValidator(plain),
]

_ID = re.compile(r"\b[GP]\d+\b")
_FEWER_WORKERS = re.compile(
    r"\b(?:scal\w+ down|decreas\w+|reduc\w+|fewer|remov\w+|stop|cut|shut down|half)\b"
    r"(?:\s+\w+){0,3}\s+(?:workers?|pollers?|slots?)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"(?:\b(?:not|never|without|avoid|rather than|instead of)|n[\'\u2019]t)\s+"
    r"(?:(?:\w+\s+){1,3}or\s+)?$",
    re.IGNORECASE,
)


class IssueAnswer(BaseModel):
    """What one fired rule means here."""

    gate: str = Field(description="id of a fired rule, such as G1")
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
    """The reading of the evidence."""

    # `summary` is its name in workflows that began under an earlier version.
    reading: Paragraph = Field(
        validation_alias=AliasChoices("reading", "summary"),
        description="what you think happened and why, in two to five lines",
    )
    issues: list[IssueAnswer] = Field(default_factory=list, max_length=8)
    actions: list[ActionAnswer] = Field(
        default_factory=list, max_length=5, description="most useful first"
    )
    passages: list[str] = Field(
        default_factory=list, max_length=10, description="ids of the passages used, such as P1"
    )


def find_problem(answer: Answer, prompt: str) -> str:
    """Why the answer to `prompt` is refused; "" when it is not."""
    texts = list(_texts(answer))
    made_up = {figure for text in texts for figure in made_up_figures(text, prompt)}
    if made_up:
        return f"it states figures that are not in the evidence: {', '.join(sorted(made_up))}"
    names = set().union(*map(aliases_in, texts)) - aliases_in(prompt)
    if names:
        return f"it names what is not in the evidence: {', '.join(sorted(names))}"
    return ""


def _texts(answer: Answer) -> Iterator[str]:
    yield answer.reading
    yield from (issue.narrative for issue in answer.issues)
    for action in answer.actions:
        yield action.target_service
        yield action.description


def with_reading(
    template: Explanation, answer: Answer, decision: Decision, prompt: Prompt, by: ExplainedBy
) -> Explanation:
    """The template with the answer's reading, narratives, actions and citations.

    Summary, issues, severities and figures stay the template's.
    """
    narratives = {
        (rule.name, rule.subject): _shown(issue.narrative, prompt)
        for issue in answer.issues
        if (rule := prompt.rules.get(issue.gate))
    }
    cited = [prompt.passages[name] for name in answer.passages if name in prompt.passages]
    issues = (
        issue.model_copy(
            update={"narrative": narratives.get((RuleName(issue.gate), issue.subject), "")}
        )
        for issue in template.issues
    )
    return template.model_copy(
        update={
            "reading": _shown(answer.reading, prompt),
            "issues": tuple(issues),
            "actions": tuple(_actions(answer, decision, prompt)) or template.actions,
            "citations": tuple(dict.fromkeys(cited)),
            "explained_by": by,
        }
    )


def _shown(text: str, prompt: Prompt) -> str:
    """`text` with names for aliases and ids, which mean nothing outside the prompt."""

    def name(found: re.Match[str]) -> str:
        if rule := prompt.rules.get(found[0]):
            return rule.name
        passage = prompt.passages.get(found[0])
        return f"{passage.document}: {passage.heading}" if passage else found[0]

    return redact(prompt.aliases.show(_ID.sub(name, text)))


def _actions(answer: Answer, decision: Decision, prompt: Prompt) -> Iterator[Action]:
    workers_are_short = decision.bottleneck in (Bottleneck.WORKER, Bottleneck.MIXED) or any(
        rule.name is RuleName.STARVED_QUEUE for rule in decision.fired
    )
    for action in answer.actions:
        # Fewer workers while tasks wait for them would make it worse.
        if workers_are_short and _is_for_fewer_workers(action):
            continue
        yield Action(
            action_type=action.action_type,
            target_service=_shown(action.target_service, prompt),
            description=_shown(action.description, prompt),
            confidence=action.confidence,
            risk_level=action.risk_level,
        )


def _is_for_fewer_workers(action: ActionAnswer) -> bool:
    """By `scale`, or by the description, which may contradict it."""
    text = action.description
    return action.scale == "down" or any(
        not _NEGATION.search(text[: found.start()]) for found in _FEWER_WORKERS.finditer(text)
    )
