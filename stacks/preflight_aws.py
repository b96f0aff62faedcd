"""What AWS would refuse half-way, found before anything is made."""

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from components.knowledge_base import EMBEDDING_MODEL

_QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
_SIGN_IN = "sign in with `aws sso login` or `aws configure`, or choose a profile with AWS_PROFILE"
# What botocore calls the ways to credentials that a container with ~/.aws cannot go.
_OUT_OF_REACH = {
    "assume-role-with-web-identity": "a web identity",
    "container-role": "a container role",
    "custom-process": "a credential_process",
    "env": "the environment",
    "iam-role": "an instance role",
}
# Variables that containers do not have, with the file in ~/.aws that they read.
_OTHER_FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
# Answers that mean that the model is not there; being forbidden to ask does not.
_PARTS_OF_MODEL = 2
_NO_MODEL = {"ResourceNotFoundException", "ValidationException"}


def problems(region: str, *, embeddings: bool) -> Iterator[str]:
    """Why nothing can be made in the region with this user's credentials.

    With `embeddings` the knowledge base's model is looked for, too.
    """
    refusal = _credentials_problem(region)
    if refusal:
        yield refusal
        return
    if not _has_dsql(region):
        yield f"the region {region} has no Aurora DSQL: choose another with the setting region"
    elif embeddings and not _has_embeddings(region):
        yield (
            f"the region {region} has no {EMBEDDING_MODEL} in Bedrock, which the knowledge base"
            " needs: choose another with the setting region"
        )


def container_problems() -> Iterator[str]:
    """Why containers would not get the credentials that this user has."""
    folder = Path.home() / ".aws"
    for variable, name in _OTHER_FILES.items():
        chosen = Path(os.environ.get(variable) or folder / name).expanduser()
        if chosen.resolve() != (folder / name).resolve():
            yield (
                f"{variable} names {chosen}, and containers read {folder / name}: move it there and"
                " unset the variable"
            )
    credentials = boto3.Session().get_credentials()
    origin = _OUT_OF_REACH.get(credentials.method) if credentials else None
    if origin:
        yield (
            f"the AWS credentials come from {origin}, where containers cannot read them:"
            f" put them into {folder}"
        )
    elif not folder.is_dir():
        yield f"containers read their AWS credentials from {folder}, which is missing: {_SIGN_IN}"


def model_problem(region: str, model: str) -> str | None:
    """Why this account cannot ask a model of Bedrock (an id, or that of an inference profile)."""
    # An inference profile is the model's id after the part of the world that it is for.
    parts = model.split(".")
    identifier = ".".join(parts[1:]) if len(parts) > _PARTS_OF_MODEL else model
    mend = "ask for access on Bedrock's page Model access, or choose another with the setting model"
    try:
        client = _session(region).client("bedrock", config=_QUICK)
        said = client.get_foundation_model_availability(modelId=identifier)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_MODEL:
            return f"the region {region} has no model {identifier}: {mend}"
        # Whoever may not ask about it may use it all the same.
        return None
    except BotoCoreError as error:
        return f"Bedrock does not answer: {error}"
    if said["authorizationStatus"] == "AUTHORIZED" and said["regionAvailability"] == "AVAILABLE":
        return None
    return f"this account has no access to the model {identifier} in {region}: {mend}"


def _credentials_problem(region: str) -> str | None:
    try:
        _session(region).client("sts", config=_QUICK).get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError):
        return f"there are no AWS credentials: {_SIGN_IN}"
    except ProfileNotFound as error:
        return f"{error}: {_SIGN_IN}"
    except (ClientError, SSOError) as error:
        return f"AWS refuses the credentials, expired perhaps: {_SIGN_IN} ({error})"
    except BotoCoreError as error:
        return f"AWS does not answer: {error}"
    return None


def _has_dsql(region: str) -> bool:
    try:
        _session(region).client("dsql", config=_QUICK).list_clusters(maxResults=1)
    except (ConnectTimeoutError, EndpointConnectionError):
        return False
    except ClientError:
        # Whoever may not list clusters was answered all the same.
        return True
    return True


def _has_embeddings(region: str) -> bool:
    try:
        client = _session(region).client("bedrock", config=_QUICK)
        client.get_foundation_model(modelIdentifier=EMBEDDING_MODEL)
    except (ConnectTimeoutError, EndpointConnectionError):
        return False
    except ClientError as error:
        return error.response["Error"]["Code"] not in _NO_MODEL
    return True


def _session(region: str) -> boto3.Session:
    """A session of its own, because the default one remembers the first credentials."""
    return boto3.Session(region_name=region)
