"""The agent that sends a prompt to a language model, each request as a Temporal activity.

Imported only if COPILOT_MODEL names a model: it needs 40 MB of memory.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import boto3
import botocore.session
from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.capabilities import ResolveModelId
from pydantic_ai.durable_exec.temporal import TemporalDurability
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, ModelResolutionContext, infer_model
from pydantic_ai.settings import ModelSettings
from temporalio import activity
from temporalio.common import RetryPolicy

from copilot.aws_session import signed_in
from copilot.model import bedrock
from copilot.model.answer import Answer, find_problem
from copilot.model.prompt import INSTRUCTIONS

# Eight issues and five actions, each in a few sentences: 3,000. As much again for the thinking of
# models that always think, which counts as output.
MAX_OUTPUT_TOKENS = 6000

_models: dict[str, Model] = {}
_of_bedrock: dict[str, "_OfBedrock"] = {}


@dataclass(frozen=True)
class _OfBedrock:
    """How to build a registered model of Bedrock again."""

    name: str
    base: str
    region: str

    def build(self, session: boto3.Session) -> Model:
        return bedrock.converse_model(self.name, self.base, session, self.region)


def register(model_id: str, region: str) -> str:
    """Make `model_id` available to EXPLAINER. Why it cannot be used, or "".

    `region` is Bedrock's. One request for an application inference profile, none for other models.
    """
    try:
        if model_id.startswith(bedrock.PREFIX):
            name = model_id.removeprefix(bedrock.PREFIX)
            model = _OfBedrock(name, bedrock.base_id(name, region), region)
            _models[model_id] = model.build(_anonymous_session())
            _of_bedrock[model_id] = model
        else:
            _models[model_id] = infer_model(model_id)
    except (ImportError, UserError, ValueError) as error:
        return f"{model_id} cannot be used: {str(error).splitlines()[0]}"
    return ""


def priced_as(model_id: str) -> str:
    """The id of a registered model by which price lists know it."""
    model = _of_bedrock.get(model_id)
    return f"{bedrock.PREFIX}{model.base}" if model else model_id


def _anonymous_session() -> boto3.Session:
    """A session that needs no credentials, for a model that sends no request."""
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    return boto3.Session("anonymous", "anonymous", botocore_session=session)


async def _resolve(_: ModelResolutionContext[None], model_id: str) -> Model | None:
    """In a workflow, the registered model, because a workflow must not build clients.

    In an activity, one with a session of its own: credentials may have been renewed since the last
    request.
    """
    model = _of_bedrock.get(model_id)
    if model is None or not activity.in_activity():
        return _models.get(model_id)
    return await asyncio.to_thread(lambda: model.build(signed_in(model.region)))


EXPLAINER = Agent(
    # Each run names its model; a durable agent needs a default, which is never built.
    f"{bedrock.PREFIX}named-by-each-run",
    defer_model_check=True,
    name="explainer",
    output_type=Answer,
    deps_type=type(None),
    instructions=INSTRUCTIONS,
    # No temperature: current models refuse it, and a profile's ARN does not show its model.
    model_settings=ModelSettings(max_tokens=MAX_OUTPUT_TOKENS),
    # Each run sets it: whether the budget allows a second request.
    retries=0,
    capabilities=[
        ResolveModelId(_resolve),
        TemporalDurability(
            model_activity_config={
                "schedule_to_close_timeout": timedelta(seconds=bedrock.CALL_SECONDS),
                "start_to_close_timeout": timedelta(seconds=bedrock.CALL_SECONDS),
                "retry_policy": RetryPolicy(maximum_attempts=1),
            },
        ),
    ],
)


# `async`, because pydantic-ai runs other functions in a thread, which a workflow cannot start.
@EXPLAINER.output_validator
async def _check(context: RunContext[None], answer: Answer) -> Answer:
    """Send an answer that fails a check back to the model with the reason, if a retry is left.

    The last answer is returned as it is: `Assess.save_answer` checks it again. This runs in the
    workflow, so a change of the checks can break the replay of a run in flight, which lasts four
    minutes at most; Observe then assesses the evidence again.
    """
    found = find_problem(answer, str(context.prompt))
    if found and not context.last_attempt:
        raise ModelRetry(f"The answer is refused: {found}.")
    return answer
