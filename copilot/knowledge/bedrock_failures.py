"""Failures of a Bedrock knowledge base, each with what to do about it."""

import re
from types import MappingProxyType

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from copilot.aws_errors import (
    AWS_ERRORS,
    BAD_CREDENTIALS,
    NO_ANSWER,
    NO_CREDENTIALS,
    error_code,
    remedy,
    sign_in_problem,
)

FAILURES = (
    *AWS_ERRORS,
    OSError,
    TimeoutError,
    # boto3 does not check an answer's shape: it fails like this if the answer is not Bedrock's.
    AttributeError,
    TypeError,
    ValueError,
)

_RECREATE = (
    "correct COPILOT_KNOWLEDGE_BASE_ID and AWS_REGION, or recreate it with"
    " `tdeploy infra apply-copilot`"
)
_LATER = "the next assessment calls it again"
_REACH = "check the network and AWS_REGION"
NO_PASSAGES = "has no passage on this: fill it with `tdeploy kb sync` and `tdeploy kb ingest`"
_BY_CODE = MappingProxyType(
    {
        "ResourceNotFoundException": ("does not exist", _RECREATE),
        "ValidationException": ("refuses the query", _RECREATE),
        "AccessDeniedException": (
            "denies access",
            "grant bedrock:Retrieve on it to the credentials of the Copilot's worker",
        ),
        "ThrottlingException": ("is throttled", _LATER),
        "ServiceQuotaExceededException": ("is over its quota", _LATER),
    }
)


def failure_reason(error: Exception) -> str:
    """The end of the sentence "the knowledge base ..." for one of FAILURES, in one line.

    Of the error it has the name only: its text may contain an account, a path or a page of HTML.
    """
    name = type(error).__name__
    if isinstance(error, ClientError):
        name = re.sub(r"\W", "", error_code(error))[:60]
        if sign_in_problem(error):
            refused = "refuses the credentials" if name in BAD_CREDENTIALS else "needs credentials"
            what, fix = refused, remedy(error)
        else:
            what, fix = _BY_CODE.get(name, ("failed", _LATER))
    elif isinstance(error, ParamValidationError):
        what, fix = "has an invalid id", _RECREATE
    elif isinstance(error, NO_CREDENTIALS):
        what, fix = "needs AWS credentials", remedy(error)
    elif isinstance(error, (*NO_ANSWER, TimeoutError)):
        what, fix = "does not answer", remedy(error) or _REACH
    elif isinstance(error, BotoCoreError):
        what, fix = "cannot be called", _REACH
    else:
        what, fix = "gave an answer that cannot be read", _REACH
    return f"{what} ({name}): {fix}"
