"""The language model that explains: an agent whose one request is a Temporal activity.

Nothing here is imported unless COPILOT_MODEL names a model: it costs 40 MB.
"""

from datetime import timedelta
from decimal import Decimal

import boto3
from botocore.config import Config
from genai_prices import calc_price
from pydantic_ai import Agent, RunUsage, UsageLimits
from pydantic_ai.capabilities import ResolveModelId
from pydantic_ai.durable_exec.temporal import TemporalDurability
from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
    UserError,
)
from pydantic_ai.models import Model, ModelResolutionContext, infer_model
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider
from pydantic_ai.settings import ModelSettings
from temporalio.common import RetryPolicy

from copilot.errors import SettingsError
from copilot.explain.answer import Answer
from copilot.explain.brief import INSTRUCTIONS

BEDROCK = "bedrock:"
MAX_OUTPUT_TOKENS = 1500
CALL_SECONDS = 60
# The activity's own limit comes a moment later, so that the client can say what it waited for.
READ_SECONDS = CALL_SECONDS - 5
CONNECT_SECONDS = 5
ONE_REQUEST = UsageLimits(request_limit=1)


_models: dict[str, Model] = {}


def register(model_id: str, region: str) -> None:
    """Have `model_id` at hand; asks nobody. Raises SettingsError where there can be no such model.

    `region` is the one of Bedrock.
    """
    try:
        _models[model_id] = (
            _bedrock(model_id.removeprefix(BEDROCK), region)
            if model_id.startswith(BEDROCK)
            else infer_model(model_id)
        )
    except (ImportError, UserError, ValueError) as error:
        first_line = str(error).splitlines()[0]
        raise SettingsError(f"COPILOT_MODEL: {model_id} cannot be used: {first_line}") from error


def _bedrock(name: str, region: str) -> Model:
    client = boto3.client(
        "bedrock-runtime",
        region_name=region,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            # The loop asks again, and nobody else does.
            retries={"total_max_attempts": 1},
        ),
    )
    return BedrockConverseModel(name, provider=BedrockProvider(bedrock_client=client))


def _resolve(_: ModelResolutionContext[None], model_id: str) -> Model | None:
    """Also called in a workflow, where nothing may be built."""
    return _models.get(model_id)


EXPLAINER = Agent(
    # Each run names its model; a durable agent has to have one of its own, which is never built.
    f"{BEDROCK}named-by-each-run",
    defer_model_check=True,
    name="explainer",
    output_type=Answer,
    deps_type=type(None),
    instructions=INSTRUCTIONS,
    model_settings=ModelSettings(max_tokens=MAX_OUTPUT_TOKENS, temperature=0.2),
    # An answer that does not fit its schema is not asked for again: the template stands.
    retries=0,
    capabilities=[
        ResolveModelId(_resolve),
        TemporalDurability(
            model_activity_config={
                "schedule_to_close_timeout": timedelta(seconds=CALL_SECONDS),
                "start_to_close_timeout": timedelta(seconds=CALL_SECONDS),
                "retry_policy": RetryPolicy(maximum_attempts=1),
            },
        ),
    ],
)


def cost_usd(model_id: str, usage: RunUsage) -> float | None:
    """What `usage` costs by the list prices that come with genai-prices, None where unknown."""
    provider, _, name = model_id.partition(":")
    try:
        price = calc_price(
            usage, name, provider_id={"bedrock": "aws"}.get(provider, provider)
        ).total_price
    except LookupError:
        return None
    return float(price.quantize(Decimal("0.000001")))


def reason(error: BaseException, model_id: str) -> str:
    """Why there is no answer: what failed, and what to do; nothing that the other side wrote."""
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (
            ModelAuthenticationError,
            "may not be used: check the credentials and the access to the model",
        ),
        (ModelNotFoundError, "does not exist there: check COPILOT_MODEL and AWS_REGION"),
        (ModelRateLimitError, "is throttled"),
        (ModelQuotaExceededError, "is over its quota"),
        (ModelTimeoutError, f"did not answer within {CALL_SECONDS} s"),
        (ContentFilterError, "refused to answer"),
        (UnexpectedModelBehavior, "answered with something else than an explanation"),
        (ModelAPIError, "could not be asked"),
        (AgentRunError, "could not be asked"),
        (TimeoutError, f"did not answer within {CALL_SECONDS} s"),
    )
    for kind, what in kinds:
        if isinstance(error, kind):
            return f"{model_id} {what}"
    return f"{model_id} could not be asked"
