"""Models of Bedrock, by model id, by inference profile, or by an ARN of either.

The library knows a model's features by its id. The ARN of an application inference profile has an
id that says nothing, so Bedrock is asked once for the model behind it.
"""

import logging
import re

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic_ai.models.bedrock import BedrockConverseModel, BedrockModelSettings
from pydantic_ai.providers.bedrock import BedrockProvider

from copilot.aws_errors import AWS_ERRORS, error_code, network_problem, sign_in_problem
from copilot.aws_session import signed_in

PREFIX = "bedrock:"
# The whole request of a model; longer than any answer within its limit took.
CALL_SECONDS = 60
# Shorter than the activity's limit, so that the client can report what it waited for.
READ_SECONDS = CALL_SECONDS - 5
CONNECT_SECONDS = 5
_LOOK_UP = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
_ARN = re.compile(r"arn:[^:]+:bedrock:(?P<region>[^:]*):[^:]*:(?P<kind>[^/:]+)/(?P<id>.+)")
_APPLICATION_PROFILE = "application-inference-profile"

log = logging.getLogger(__name__)


def base_id(name: str, region: str) -> str:
    """The id by which libraries know the model: without an ARN, of an application profile its base.

    The name itself where nothing better is known.
    """
    arn = _ARN.fullmatch(name)
    if arn is None:
        return name
    if arn["kind"] != _APPLICATION_PROFILE:
        return arn["id"]
    try:
        client = signed_in(region).client("bedrock", config=_LOOK_UP)
        models = client.get_inference_profile(inferenceProfileIdentifier=name)["models"]
    except (*AWS_ERRORS, OSError) as error:
        code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
        reason = sign_in_problem(error) or network_problem(error) or f"AWS refuses it ({code})"
        log.warning("the model and the price behind %s are not known: %s", name, reason)
        return name
    arns = [found for model in models if (found := _ARN.fullmatch(model["modelArn"]))]
    # Only a global profile has an ARN without a region; it is cheaper.
    area = "global." if any(not found["region"] for found in arns) else ""
    return f"{area}{arns[0]['id']}" if arns else name


def converse_model(
    name: str, base: str, session: boto3.Session, region: str
) -> BedrockConverseModel:
    """The model `name`, with the features of the model `base`."""
    client = session.client(
        "bedrock-runtime",
        region_name=region,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            # Only the Observe workflow retries.
            retries={"total_max_attempts": 1},
        ),
    )
    settings = BedrockModelSettings()
    if base != name:
        settings["bedrock_inference_profile"] = name
    model = BedrockConverseModel(
        base, provider=BedrockProvider(bedrock_client=client), settings=settings
    )
    if model.profile.get("thinking_enabled_by_default"):
        # Its default effort takes longer than a request may, and counts in the limit of output.
        settings["thinking"] = "low"
    return model
