"""Why a model gave no answer, and whether the request may have been billed."""

from typing import Any, cast

from botocore.exceptions import ClientError
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelTimeoutError,
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
)
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.exceptions import TimeoutError as TemporalTimeoutError

from copilot.aws_errors import remedy_by_name, sign_in_problem
from copilot.model.agent import MAX_OUTPUT_TOKENS
from copilot.model.bedrock import CALL_SECONDS

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ModelAuthenticationError, "may not be used: check credentials and access to the model"),
    (ModelNotFoundError, "does not exist there: check COPILOT_MODEL and AWS_REGION"),
    (ModelRateLimitError, "is throttled"),
    (ModelQuotaExceededError, "is over its quota"),
    (ModelTimeoutError, f"did not answer within {CALL_SECONDS} s"),
    (TemporalTimeoutError, f"did not answer within {CALL_SECONDS} s"),
    (ContentFilterError, "refused to answer"),
    (
        OutputTokenLimitExceeded,
        f"did not end its answer, with its thinking, within {MAX_OUTPUT_TOKENS} tokens",
    ),
    (ModelHTTPError, "cannot be reached"),
    (
        ModelAPIError,
        "cannot be reached: check the network, HTTPS_PROXY, AWS_CA_BUNDLE and AWS_REGION",
    ),
    (UnexpectedModelBehavior, "gave an answer that does not fit the schema"),
)


def failure_reason(error: BaseException, model_id: str) -> str:
    """What failed and what to do, in one line; without text from the model's provider."""
    cause = _cause(error)
    is_sign_in, remedy = _by_name(cause)
    if is_sign_in:
        return f"{model_id} may not be used: there are no valid AWS credentials: {remedy}"
    if remedy:
        return f"{model_id} cannot be reached: {remedy}"
    if refused := _refused_credentials(cause):
        return f"{model_id} may not be used: {refused}"
    reasons = (text for kind, text in _REASONS if isinstance(cause, kind))
    return f"{model_id} {next(reasons, 'cannot be reached')}"


def may_be_billed(error: BaseException) -> bool:
    """Whether a request without an answer may have been billed: it was not refused."""
    return not isinstance(error, ModelHTTPError) and not _is_sign_in(error)


def _is_sign_in(error: BaseException) -> bool:
    return _by_name(_cause(error))[0]


def _by_name(cause: BaseException) -> tuple[bool, str]:
    """Whether sign-in failed, and the remedy, for an error of botocore before the request."""
    if isinstance(cause, ApplicationError) and cause.type:
        return remedy_by_name(cause.type)
    return False, ""


def _refused_credentials(cause: BaseException) -> str:
    """What AWS has against the credentials, and the remedy, if that is why it refused."""
    # Any: botocore's answer, which Temporal carried.
    answer: Any = cause.body if isinstance(cause, ModelHTTPError) else None
    has_code = isinstance(answer, dict) and isinstance(answer.get("Error"), dict)
    return sign_in_problem(ClientError(cast("Any", answer), "")) if has_code else ""


def _cause(error: BaseException) -> BaseException:
    """The activity's own error, which Temporal wraps."""
    return error.cause if isinstance(error, FailureError) and error.cause else error
