"""The language model that explains: an agent whose one request is a Temporal activity.

Nothing here is imported unless COPILOT_MODEL names a model: it costs 40 MB.
"""

import asyncio
from datetime import timedelta
from decimal import Decimal

import boto3
import botocore.session
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
    ModelHTTPError,
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
from temporalio import activity
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.exceptions import TimeoutError as TemporalTimeoutError

from copilot.explain.answer import Answer
from copilot.explain.brief import INSTRUCTIONS

BEDROCK = "bedrock:"
# Eight issues and five actions, each in a few sentences.
MAX_OUTPUT_TOKENS = 3000
CALL_SECONDS = 60
# The activity's own limit comes a moment later, so that the client can say what it waited for.
READ_SECONDS = CALL_SECONDS - 5
CONNECT_SECONDS = 5
# What botocore raises before it asks; Temporal hands on the names.
SIGN_IN = frozenset(
    {
        "ConfigNotFound",
        "CredentialRetrievalError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "SSOError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
ONE_REQUEST = UsageLimits(request_limit=1)


_models: dict[str, Model] = {}
_regions: dict[str, str] = {}


def register(model_id: str, region: str) -> str:
    """Have `model_id` at hand; asks nobody. Why there can be no such model, empty when there can.

    `region` is the one of Bedrock.
    """
    try:
        if model_id.startswith(BEDROCK):
            _models[model_id] = _bedrock(model_id, _nobody(), region)
            _regions[model_id] = region
        else:
            _models[model_id] = infer_model(model_id)
    except (ImportError, UserError, ValueError) as error:
        return f"{model_id} cannot be used: {str(error).splitlines()[0]}"
    return ""


def _bedrock(model_id: str, session: boto3.Session, region: str) -> Model:
    client = session.client(
        "bedrock-runtime",
        region_name=region,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            # The loop asks again, and nobody else does.
            retries={"total_max_attempts": 1},
        ),
    )
    provider = BedrockProvider(bedrock_client=client)
    return BedrockConverseModel(model_id.removeprefix(BEDROCK), provider=provider)


def _nobody() -> boto3.Session:
    """Signs in as nobody, whatever profile is set: for a model that only has the right form."""
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    return boto3.Session("nobody", "nobody", botocore_session=session)


async def _resolve(_: ModelResolutionContext[None], model_id: str) -> Model | None:
    """In a workflow the model of the right form, for nothing may be built there.

    In an activity one that can ask, with a session of its own: credentials may have been renewed
    since the last call.
    """
    region = _regions.get(model_id)
    if region is None or not activity.in_activity():
        return _models.get(model_id)
    return await asyncio.to_thread(lambda: _bedrock(model_id, boto3.Session(), region))


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
    if isinstance(error, FailureError) and error.cause:
        error = error.cause
    if isinstance(error, ApplicationError) and error.type in SIGN_IN:
        return f"{model_id} may not be used: there are no valid AWS credentials, sign in again"
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
        (TemporalTimeoutError, f"did not answer within {CALL_SECONDS} s"),
    )
    for kind, what in kinds:
        if isinstance(error, kind):
            return f"{model_id} {what}"
    return f"{model_id} could not be asked"


def was_refused(error: BaseException) -> bool:
    """Whether nothing was generated, so that nothing was billed."""
    return isinstance(error, ModelHTTPError) or (
        isinstance(error, FailureError)
        and isinstance(error.cause, ApplicationError)
        and error.cause.type in SIGN_IN
    )
