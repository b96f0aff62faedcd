"""What can go wrong with a Bedrock knowledge base, and what to do: the end of a sentence each."""

import re
from types import MappingProxyType

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004
    HTTPClientError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

FAILURES = (
    BotoCoreError,
    ClientError,
    TimeoutError,
    # boto3 checks no shapes: it fails like this on an answer that is not Bedrock's.
    ResponseParserError,
    AttributeError,
    TypeError,
    ValueError,
)

_SIGN_IN = "sign in to AWS (`aws sso login` or `aws configure`), or correct AWS_PROFILE"
_MAKE = (
    "correct COPILOT_KNOWLEDGE_BASE_ID and AWS_REGION, or make it again with"
    " `tdeploy infra apply-copilot`"
)
_LATER = "the next explanation asks it again"
_REACH = "look at the network, or correct AWS_REGION"
NOTHING = "has no passage on this: fill it with `tdeploy kb sync` and `tdeploy kb ingest`"
_BY_CODE = MappingProxyType(
    {
        "ResourceNotFoundException": ("does not exist", _MAKE),
        "ValidationException": ("refuses the query", _MAKE),
        "AccessDeniedException": (
            "may not be asked",
            "grant bedrock:Retrieve on it to the credentials of the Copilot's worker",
        ),
        "ThrottlingException": ("takes no more queries for now", _LATER),
        "ServiceQuotaExceededException": ("takes no more queries for now", _LATER),
        "ExpiredTokenException": ("refuses the credentials, which expired", _SIGN_IN),
        "ExpiredToken": ("refuses the credentials, which expired", _SIGN_IN),
        "UnrecognizedClientException": ("refuses the credentials", _SIGN_IN),
        "InvalidSignatureException": ("refuses the credentials", _SIGN_IN),
    }
)


def failure(error: Exception) -> str:
    """What one of FAILURES says of the knowledge base, in one line.

    Only names of errors are quoted: their text may hold an account, a path or a page of HTML.
    """
    name = type(error).__name__
    if isinstance(error, ClientError):
        name = re.sub(r"\W", "", str(error.response.get("Error", {}).get("Code")))[:60]
        what, remedy = _BY_CODE.get(name, ("failed", _LATER))
    elif isinstance(error, ParamValidationError):
        what, remedy = "has an id that cannot be", _MAKE
    elif isinstance(error, ConnectionError | HTTPClientError | TimeoutError):
        what, remedy = "does not answer", _REACH
    elif isinstance(error, BotoCoreError):
        # What is left goes wrong before anything is sent: no credentials, no such profile.
        what, remedy = "cannot be asked", _SIGN_IN
    else:
        what, remedy = "answered nonsense", _REACH
    return f"{what} ({name}): {remedy}"
