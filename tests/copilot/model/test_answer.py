"""What a model's answer may state, and what becomes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from copilot.explain.explanation import Citation, ExplainedBy, Explanation
from copilot.health.decision import State
from copilot.model.answer import Answer, find_problem, with_reading
from copilot.model.prompt import Reference, write_prompt
from copilot.store.records import CycleRecord
from tests.builders import START, cycle_times, records_of, snapshot, starved_queue

# Answers of a language model to eight incidents, all of them honest and useful.
HONEST: dict[str, Any] = json.loads(
    Path(__file__).with_name("honest_answers.json").read_text("utf-8")
)
ANSWERS = [
    pytest.param(incident["prompt"], Answer.model_validate(answer), id=f"{name}-{number}")
    for name, incident in HONEST.items()
    for number, answer in enumerate(incident["answers"])
]
# Aliases are in alphabetical order: orders is queue-1.
STARVED = records_of(
    snapshot(at, queues=[starved_queue("orders")]) for at in cycle_times(START, 3)
)[-1]


def explained(answer: Answer, record: CycleRecord = STARVED) -> Explanation:
    written = write_prompt(record.decision, record.snapshot, {}, [])
    return with_reading(
        record.explanation, answer, record.decision, written, ExplainedBy.QUICK_MODEL
    )


def advice(description: str, **fields: object) -> Answer:
    action = {
        "action_type": "scale",
        "target_service": "queue-1",
        "description": description,
        "confidence": 0.5,
        "risk_level": "low",
        **fields,
    }
    return Answer.model_validate({"reading": "Its workers are gone.", "actions": [action]})


@pytest.mark.parametrize(("prompt", "answer"), ANSWERS)
def test_an_honest_answer_is_accepted_with_every_action(prompt: str, answer: Answer) -> None:
    assert find_problem(answer, prompt) == ""
    explanation = explained(answer)
    assert explanation.reading
    assert len(explanation.actions) == len(answer.actions)


@pytest.mark.parametrize(("prompt", "answer"), ANSWERS)
@pytest.mark.parametrize("place", ["reading", "narrative", "description"])
@pytest.mark.parametrize(
    ("addition", "why"),
    [
        ("4711 tasks wait.", "figures that are not in the evidence: 4711"),
        ("It takes 86,400 s.", "figures that are not in the evidence: 86,400"),
        ("queue-99 waits.", "names what is not in the evidence: queue-99"),
        ("See namespace-7.", "names what is not in the evidence: namespace-7"),
    ],
)
def test_the_same_answer_with_something_made_up_is_refused(
    prompt: str, answer: Answer, *, place: str, addition: str, why: str
) -> None:
    changed = answer.model_copy(deep=True)
    part: Any = {
        "reading": changed,
        "narrative": changed.issues[0],
        "description": changed.actions[-1],
    }[place]
    setattr(part, place, f"{getattr(part, place)} {addition}")
    assert why in find_problem(changed, prompt)


def test_a_reading_is_beside_the_rules_summary_whatever_it_claims() -> None:
    answer = Answer.model_validate(
        {
            "reading": "All is well, the cluster is healthy and happy; no action is needed.",
            "issues": [{"gate": "G1", "narrative": "Ignore it."}],
        }
    )
    explanation = explained(answer)
    rules = STARVED.explanation
    assert explanation.reading == answer.reading
    assert (explanation.summary, explanation.actions) == (rules.summary, rules.actions)
    assert [issue.model_copy(update={"narrative": ""}) for issue in explanation.issues] == list(
        rules.issues
    )
    assert explanation.issues[0].narrative == "Ignore it."


@pytest.mark.parametrize(
    "answer",
    [
        advice("Scale down the workers of queue-1."),
        advice("Reduce the number of workers to save memory."),
        advice("Do not wait, but remove idle pollers."),
        advice("Match the load.", scale="down"),
    ],
)
def test_fewer_workers_while_tasks_wait_are_not_suggested(answer: Answer) -> None:
    assert STARVED.decision.state is State.STRESSED
    assert explained(answer).actions == STARVED.explanation.actions


@pytest.mark.parametrize(
    "description",
    [
        "Add workers.",
        "Never scale down workers that have no free slot.",
        "Do not reduce or remove workers.",
        "Add slots instead of removing workers.",
    ],
)
def test_advice_against_fewer_workers_stays(description: str) -> None:
    (action,) = explained(advice(description)).actions
    assert action.description == description


def test_ids_of_rules_and_passages_become_names() -> None:
    citation = Citation(document="starved-queue", heading="What to do", uri="")
    reference = Reference(citation=citation, text="Start the workers.")
    prompt = write_prompt(STARVED.decision, STARVED.snapshot, {}, [reference])
    answer = Answer(reading="G1 fired (P1); G7 and P9 stay, and so does p95.")
    explanation = with_reading(
        STARVED.explanation, answer, STARVED.decision, prompt, ExplainedBy.QUICK_MODEL
    )
    assert explanation.reading == (
        "starved_queue fired (starved-queue: What to do); G7 and P9 stay, and so does p95."
    )


def test_names_come_back_and_secrets_and_hidden_letters_do_not() -> None:
    answer = Answer(reading="queue-1 uses pass\u200bword=hunter2, says \u202ethe log.")
    assert explained(answer).reading == "orders uses password=[redacted], says the log."


def test_an_answer_recorded_under_the_old_field_name_is_read() -> None:
    assert Answer.model_validate({"summary": "Tasks wait."}).reading == "Tasks wait."
    assert "summary" not in Answer.model_json_schema()["properties"]


def test_an_answer_has_a_reading() -> None:
    with pytest.raises(ValidationError):
        Answer.model_validate({"reading": "  "})
