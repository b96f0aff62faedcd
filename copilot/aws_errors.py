"""AWS sign-in and network errors: the one table that says what failed and what to do.

botocore raises NO_CREDENTIALS before it sends a request; AWS answers with one of BAD_CREDENTIALS.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

SIGN_IN = "sign in with `aws sso login` or `aws configure`, or choose a profile with AWS_PROFILE"
_PROFILE = "correct AWS_PROFILE, or create the profile with `aws configure`"
_CONFIG = "correct the profile in ~/.aws/config"
_SSO = "sign in again with `aws sso login`"
_LOGIN = (
    "profiles of `aws login` are not supported: sign in with `aws sso login`, or create keys with"
    " `aws configure`"
)
_SOURCE = (
    "correct the profile's credential_process, which you can run by hand, or its role's source, in"
    " ~/.aws/config"
)
_MFA = (
    "no terminal for the MFA code: choose a profile without mfa_serial with AWS_PROFILE, or sign in"
    " with `aws sso login`"
)
# By class; a subclass stands before its base class.
_NO_CREDENTIALS: MappingProxyType[type[Exception], str] = MappingProxyType(
    {
        exceptions.ConfigNotFound: "correct AWS_CONFIG_FILE",
        exceptions.ConfigParseError: "correct the syntax of the file",
        exceptions.CredentialRetrievalError: _SOURCE,
        exceptions.InvalidConfigError: _CONFIG,
        exceptions.LoginError: _LOGIN,
        exceptions.MissingDependencyException: _LOGIN,
        exceptions.NoAuthTokenError: SIGN_IN,
        exceptions.NoCredentialsError: SIGN_IN,
        exceptions.PartialCredentialsError: SIGN_IN,
        exceptions.ProfileNotFound: _PROFILE,
        exceptions.RefreshWithMFAUnsupportedError: _MFA,
        exceptions.SSOError: _SSO,
        exceptions.TokenRetrievalError: _SSO,
        exceptions.UnknownCredentialError: _CONFIG,
        exceptions.UnknownTokenProviderError: _CONFIG,
    }
)
NO_CREDENTIALS = tuple(_NO_CREDENTIALS)
_NETWORK = "check the network, HTTPS_PROXY and the region"
_NO_ANSWER: MappingProxyType[type[Exception], str] = MappingProxyType(
    {
        exceptions.ProxyConnectionError: "correct HTTPS_PROXY, or exclude AWS by NO_PROXY",
        exceptions.InvalidProxiesConfigError: "correct HTTPS_PROXY",
        exceptions.SSLError: "set AWS_CA_BUNDLE to the certificates of your proxy or company",
        exceptions.ConnectionError: _NETWORK,
        exceptions.HTTPClientError: _NETWORK,
        # Such as the page of a proxy.
        ResponseParserError: _NETWORK,
    }
)
NO_ANSWER = tuple(_NO_ANSWER)
"""The network, a proxy or TLS fails, or a limit on time passes."""
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""All that a request to AWS raises, but for OSError where a token's cache cannot be written."""
_TABLES: tuple[Mapping[type[Exception], str], ...] = (_NO_CREDENTIALS, _NO_ANSWER)
CHECK_CLOCK = "set this machine's clock, for example with `timedatectl set-ntp true`"
_WRONG_CLOCK = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
_WRONG_SIGNATURE = frozenset(
    {"InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException"}
)
# AWS allows 5 minutes, and 15 for S3.
_MOST_SKEW = timedelta(minutes=4)
BAD_CREDENTIALS = (
    _WRONG_CLOCK
    | _WRONG_SIGNATURE
    | {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
    }
)
"""Error codes of the services for credentials that are expired, unknown or wrong."""
# The requests that get credentials for a profile, with the remedy if AWS refuses them.
_SIGN_IN_REQUESTS = MappingProxyType(
    {
        "AssumeRole": "correct the profile's role, or let its source assume it",
        "AssumeRoleWithSAML": _CONFIG,
        "AssumeRoleWithWebIdentity": "correct the profile's role, or renew its web identity token",
        "CreateToken": _SSO,
        "GetRoleCredentials": _SSO,
    }
)


def error_code(error: ClientError) -> str:
    """The service's code of the error; "" where the answer has none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def sign_in_problem(error: Exception) -> str:
    """What failed and what to do, in one line; "" where sign-in is not the problem."""
    if isinstance(error, NO_CREDENTIALS):
        return f"there are no valid AWS credentials ({_one_line(error)}): {remedy(error)}"
    if isinstance(error, ClientError):
        code = error_code(error)
        if error.operation_name in _SIGN_IN_REQUESTS and code not in BAD_CREDENTIALS:
            return f"AWS refuses {error.operation_name} ({code}): {remedy(error)}"
        if code in BAD_CREDENTIALS:
            return f"AWS refuses the credentials ({code}): {remedy(error)}"
    return ""


def network_problem(error: Exception) -> str:
    """What failed and what to do, in one line; "" where AWS answered or was not called."""
    if isinstance(error, NO_ANSWER):
        return f"AWS does not answer ({_one_line(error)}): {remedy(error)}"
    return ""


def remedy(error: Exception) -> str:
    """What to do about a sign-in or network error; "" for any other."""
    for table in _TABLES:
        for kind, text in table.items():
            if isinstance(error, kind):
                return text
    if not isinstance(error, ClientError):
        return ""
    code = error_code(error)
    if code in _WRONG_CLOCK or (code in _WRONG_SIGNATURE and _clock_is_off(error)):
        return CHECK_CLOCK
    if code in BAD_CREDENTIALS:
        return SIGN_IN
    return _SIGN_IN_REQUESTS.get(error.operation_name, "")


def remedy_by_name(name: str) -> tuple[bool, str]:
    """Whether it is a sign-in error, and what to do, by the class's name that Temporal carries.

    ("" for any other error.)
    """
    if name == ClientError.__name__:
        # Of the requests that get credentials.
        return True, "check the profile's role and keys, and the clock"
    kind = getattr(exceptions, name, None)
    if not isinstance(kind, type):
        return False, ""
    for table in _TABLES:
        for known, text in table.items():
            if issubclass(kind, known):
                return table is _NO_CREDENTIALS, text
    return False, ""


def _clock_is_off(error: ClientError) -> bool:
    """By the message, or by the time at which AWS answered."""
    if "Signature expired" in str(error) or "not yet current" in str(error):
        return True
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        answered = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return False
    if answered.tzinfo is None:
        answered = answered.replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - answered) > _MOST_SKEW


def _one_line(error: Exception) -> str:
    """The text, in which botocore puts the output of commands and answers of proxies.

    Without a colon, because the remedy follows the first one.
    """
    return " ".join(str(error).split()).replace(": ", ", ")[:300]
