"""Passwords of Aurora DSQL: short-lived tokens, signed with the caller's AWS credentials."""

from typing import Any

from copilot.aws_errors import AWS_ERRORS, network_problem, sign_in_problem
from copilot.aws_session import signed_in
from copilot.errors import StoreError
from copilot.process import one_line

# Aurora DSQL checks the token when a connection opens; the connection outlives it.
VALID_SECONDS = 60


def sign_admin_token(host: str, region: str) -> str:
    """A token for the user `admin`, signed locally; the first one takes about 100 ms.

    Wrong rights show only on connecting. Raises StoreError without valid credentials, or when
    renewed ones cannot be stored.
    """
    try:
        client: Any = signed_in(region).client("dsql")
        token: str = client.generate_db_connect_admin_auth_token(host, region, VALID_SECONDS)
    except AWS_ERRORS as error:
        reason = (
            sign_in_problem(error)
            or network_problem(error)
            or f"{one_line(str(error))}: check AWS_REGION"
        )
        raise StoreError(f"no token for the store at {host}: {reason}") from error
    except OSError as error:
        raise StoreError(
            f"no token for the store at {host} ({error}): let this user read ~/.aws and write to"
            " ~/.aws/sso/cache"
        ) from error
    return token
