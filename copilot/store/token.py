"""Passwords of Aurora DSQL: short-lived tokens, signed with the caller's AWS credentials."""

from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from copilot.errors import StoreError

# Only for connecting: a connection outlives its token. One that is late by more is of no use.
VALID_SECONDS = 60


def admin_token(host: str, region: str) -> str:
    """A token for the user `admin`; made on this machine, so wrong rights show at connecting.

    Takes some 100 ms at first. Raises StoreError when there are no credentials to sign with, or
    renewed ones cannot be kept.
    """
    try:
        client: Any = boto3.Session(region_name=region).client("dsql")
        token: str = client.generate_db_connect_admin_auth_token(host, region, VALID_SECONDS)
    except (BotoCoreError, ClientError) as error:
        raise StoreError(
            f"no token for the store at {host} ({error}): sign in to AWS (`aws sso login` or"
            " `aws configure`), or correct AWS_PROFILE and AWS_REGION"
        ) from error
    except OSError as error:
        raise StoreError(
            f"no token for the store at {host} ({error}): let this user read ~/.aws, and write to"
            " ~/.aws/sso/cache"
        ) from error
    return token
