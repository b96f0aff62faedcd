"""AWS as the commands use it: clients that give up soon, and one line for each of its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tdeploy.errors import AwsError, AwsRefusalError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_SIGN_IN = "sign in with `aws sso login` or `aws configure`, or choose a profile with AWS_PROFILE"
# What the services call credentials that are over, unknown to them, or wrong.
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException"}
_NOT_THERE = {"NoSuchBucket", "ResourceNotFoundException"}
# Of every other request the permission has the name, and Bedrock is its service.
_ACTIONS = {
    "DeleteObjects": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
}


# Any: boto3 makes its clients at run time, and the types of each service are a package of theirs.
def client(service: str, region: str, *, connections: int = 10) -> Any:  # noqa: ANN401
    """A client of a service in a region. Raises AwsError."""
    # Only here, because they take longer to load than `--help` may take.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=connections,
    )
    with explained(service, region):
        session: Any = boto3.Session(region_name=region)
        return session.client(service, config=config)


@contextmanager
def explained(subject: str, region: str) -> Iterator[None]:
    """Raise AwsError for what botocore raises; `subject` is what AWS is asked about."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise _refusal(error, subject, region) from error
    except BotoCoreError as error:
        raise _hindrance(error, subject, region) from error


def denied(action: str) -> str:
    """What to say where a permission is missing."""
    return f"AWS denies it: your user or role needs the permission {action}"


def _refusal(error: "ClientError", subject: str, region: str) -> AwsError:
    answer = error.response["Error"]
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code in _BAD_CREDENTIALS:
        return AwsError(f"AWS refuses the credentials ({code}): {_SIGN_IN}")
    if code in _DENIED:
        request = error.operation_name
        action = _ACTIONS.get(request, f"bedrock:{request}")
        return AwsRefusalError(f"{subject}: {denied(action)}", code)
    if code in _NOT_THERE:
        why = message.rstrip(".")
        return AwsError(f"{subject} is not in {region} ({why}): look at its name and at --region")
    return AwsRefusalError(f"{subject}: AWS refuses {error.operation_name}: {message}", code)


def _hindrance(error: "BotoCoreError", subject: str, region: str) -> AwsError:
    from botocore import exceptions  # noqa: PLC0415

    without_credentials = (
        exceptions.CredentialRetrievalError,
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
    )
    if isinstance(error, without_credentials):
        return AwsError(f"there are no AWS credentials ({error}): {_SIGN_IN}")
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError)):
        return AwsError(
            f"{subject}: AWS does not answer ({error}): look at the network and at the region"
            f" {region}"
        )
    if isinstance(error, exceptions.ParamValidationError) and subject.startswith("s3://"):
        return AwsError(
            f"{subject} is no bucket: its name has 3 to 63 lower-case letters, digits, dots and"
            " hyphens"
        )
    return AwsError(f"{subject}: {error}")
