"""Checks of AWS: credentials, Aurora DSQL, S3 Vectors, the embedding model."""

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from components.embedding_model import EMBEDDING_MODEL
from copilot.aws_errors import AWS_ERRORS, NO_ANSWER, error_code, network_problem, sign_in_problem
from copilot.aws_session import signed_in

QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
"""For the clients of checks."""
NO_MODEL = frozenset({"ResourceNotFoundException", "ValidationException"})
"""Errors of a model that does not exist; a denied request is not one of them."""
_ANOTHER = "choose another with the setting region"
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class UnreachableError(Exception):
    """AWS does not answer, so the question stays open. The message says why and what to do."""


def problems(region: str, *, embeddings: bool) -> Iterator[str]:
    """Why the stack cannot be created in the region with the caller's credentials.

    With `embeddings` the needs of the knowledge base, model and vectors, are checked too.
    """
    try:
        refusal = credentials_problem(region)
        if refusal:
            yield refusal
        else:
            yield from region_problems(region, embeddings=embeddings)
    except UnreachableError as error:
        yield str(error)


def credentials_problem(region: str) -> str | None:
    """Why AWS does not accept the caller's credentials. Raises UnreachableError."""
    chosen = {os.environ.get(name) for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")} - {None, ""}
    if len(chosen) > 1:
        return (
            "AWS_PROFILE and AWS_DEFAULT_PROFILE name two profiles, and each AWS SDK takes another:"
            " unset one of them"
        )
    try:
        signed_in(region).client("sts", config=QUICK).get_caller_identity()
    except NO_ANSWER as error:
        raise UnreachableError(network_problem(error)) from error
    except AWS_ERRORS as error:
        return sign_in_problem(error) or f"AWS cannot check the credentials: {error}"
    except OSError as error:
        return f"cannot use {error.filename} ({error.strerror}): let this user read and write it"
    return None


def region_problems(region: str, *, embeddings: bool) -> Iterator[str]:
    """What the region lacks, with valid credentials. Raises UnreachableError."""
    if not _has_dsql(region):
        yield f"the region {region} has no Aurora DSQL: {_ANOTHER}"
    elif embeddings and not _has_vectors(region):
        yield f"the region {region} has no S3 Vectors, which the knowledge base needs: {_ANOTHER}"
    elif embeddings and not _has_embeddings(region):
        yield (
            f"the region {region} has no {EMBEDDING_MODEL} in Bedrock, which the knowledge base"
            f" needs: {_ANOTHER}"
        )


def _has_dsql(region: str) -> bool:
    # An answer, even a refusal, shows that the service exists in the region.
    code = _refusal(
        region, "dsql", "Aurora DSQL", lambda client: client.list_clusters(maxResults=1)
    )
    return code is not None


def _has_vectors(region: str) -> bool:
    code = _refusal(
        region, "s3vectors", "S3 Vectors", lambda client: client.list_vector_buckets(maxResults=1)
    )
    return code is not None


def _has_embeddings(region: str) -> bool:
    code = _refusal(
        region,
        "bedrock",
        f"{EMBEDDING_MODEL} in Bedrock",
        lambda client: client.get_foundation_model(modelIdentifier=EMBEDDING_MODEL),
    )
    return code is not None and code not in NO_MODEL


# Any: boto3 creates clients at run time; their types are packages that we do not depend on.
def _refusal(region: str, service: str, what: str, request: Callable[[Any], object]) -> str | None:
    """The code with which the service refuses the request, "" if it does not.

    None if the region has no such service: its name has no address, while AWS answered elsewhere.
    Raises UnreachableError.
    """
    try:
        session: Any = signed_in(region)
        request(session.client(service, config=QUICK))
    except NO_ANSWER as error:
        if _has_no_address(error):
            return None
        raise UnreachableError(
            f"cannot tell whether the region {region} has {what}: {network_problem(error)}"
        ) from error
    except ClientError as error:
        return error_code(error)
    return ""


def _has_no_address(error: Exception) -> bool:
    """Whether the resolver answered that the name does not exist, instead of failing to answer."""
    # urllib3's error, which botocore keeps, has the resolver's as its cause.
    cause = getattr(error, "kwargs", {}).get("error")
    while cause is not None and not isinstance(cause, socket.gaierror):
        cause = cause.__cause__
    return cause is not None and cause.errno in _NO_SUCH_NAME
