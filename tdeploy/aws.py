"""AWS clients with short time limits, and one line for each error of AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from copilot.aws_errors import AWS_ERRORS, network_problem, sign_in_problem
from copilot.aws_session import signed_in
from tdeploy.errors import AwsError, AwsRefusalError

DENIED = {"AccessDenied", "AccessDeniedException"}
_NOT_FOUND = {"NoSuchBucket", "ResourceNotFoundException"}
# Requests whose permission has another name. All others are Bedrock's.
_ACTIONS = {
    "DeleteObjects": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
}


# Any: boto3 creates clients at run time; their types are packages that we do not depend on.
def client(service: str, region: str, *, connections: int = 10) -> Any:  # noqa: ANN401
    """A client of a service in a region. Raises AwsError."""
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=connections,
    )
    with translated_errors(service, region):
        try:
            session: Any = signed_in(region)
        # botocore's errors of the network are OSErrors too.
        except BotoCoreError:
            raise
        except OSError as error:
            raise AwsError(f"cannot use {error.filename}: {error.strerror}") from error
        return session.client(service, config=config)


@contextmanager
def translated_errors(subject: str, region: str) -> Iterator[None]:
    """Raise AwsError for an error of botocore; `subject` names the resource of the request."""
    try:
        yield
    except AWS_ERRORS as error:
        if problem := sign_in_problem(error):
            raise AwsError(problem) from error
        if isinstance(error, ClientError):
            raise _refusal(error, subject, region) from error
        raise AwsError(_failure(error, subject, region)) from error


def denied(action: str) -> str:
    """The message for a missing permission."""
    return f"AWS denies it: your user or role needs the permission {action}"


def _refusal(error: ClientError, subject: str, region: str) -> AwsError:
    answer = error.response["Error"]
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code in DENIED:
        operation = error.operation_name
        action = _ACTIONS.get(operation, f"bedrock:{operation}")
        return AwsRefusalError(f"{subject}: {denied(action)}", code)
    if code in _NOT_FOUND:
        reason = message.rstrip(".")
        return AwsError(f"{subject} is not in {region} ({reason}): correct its name or --region")
    return AwsRefusalError(f"{subject}: AWS refuses {error.operation_name}: {message}", code)


def _failure(error: Exception, subject: str, region: str) -> str:
    if problem := network_problem(error):
        return f"{subject} in the region {region}: {problem}"
    if isinstance(error, ParamValidationError) and subject.startswith("s3://"):
        return (
            f"{subject} is not a bucket: a name has 3 to 63 lower-case letters, digits, dots and"
            " hyphens"
        )
    return f"{subject}: {error}"
