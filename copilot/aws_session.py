"""Sessions of AWS with the caller's credentials."""

import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    RefreshWithMFAUnsupportedError,
)

# botocore's name for the credentials of a role, which may need an MFA code.
_ROLE = "assume-role"
_PROCESS = "credential_process"


def signed_in(region: str) -> boto3.Session:
    """A session that has credentials. A new one, because a session never reads new credentials.

    Raises the errors of `copilot.aws_errors`, and OSError where a token's cache cannot be written.
    """
    core = botocore.session.get_session()
    core.register("before-parse", _require_aws)
    session = boto3.Session(region_name=region, botocore_session=core)
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        if credentials.method == _ROLE and _needs_a_code(core) and not _has_terminal():
            raise RefreshWithMFAUnsupportedError
        # A role's or an SSO session's are requested only now.
        credentials.get_frozen_credentials()
    except BotoCoreError:
        raise
    except EOFError as error:
        raise RefreshWithMFAUnsupportedError from error
    # botocore lets these through from the output of a command, or from a damaged cache.
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = "what it answers is not the JSON of credentials"
        raise CredentialRetrievalError(provider=_provider(core), error_msg=reason) from error
    except OSError as error:
        if _provider(core) != _PROCESS:
            raise
        reason = f"{error.filename}: {error.strerror}"
        raise CredentialRetrievalError(provider=_PROCESS, error_msg=reason) from error
    return session


def _require_aws(**event: Mapping[str, Any]) -> None:
    """Raise HTTPClientError for a page, such as a proxy's, which botocore would parse."""
    answer = event["response_dict"]
    content_type = answer["headers"].get("content-type", "")
    if answer["status_code"] == HTTPStatus.OK and content_type.startswith("text/html"):
        raise HTTPClientError(error="a web page is the answer, which is not from AWS")


def profiles_in_use(core: botocore.session.Session) -> Iterator[Mapping[str, str]]:
    """The profile in force, then those on which its role builds. Missing ones are left out."""
    profiles: Mapping[str, Mapping[str, str]] = core.full_config["profiles"]
    name, seen = core.get_config_variable("profile") or "default", set[str]()
    while name in profiles and name not in seen:
        seen.add(name)
        yield profiles[name]
        name = profiles[name].get("source_profile", "")


def _needs_a_code(core: botocore.session.Session) -> bool:
    return any("mfa_serial" in profile for profile in profiles_in_use(core))


def _has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _provider(core: botocore.session.Session) -> str:
    with_process = any(_PROCESS in profile for profile in profiles_in_use(core))
    return _PROCESS if with_process else "the profile"
