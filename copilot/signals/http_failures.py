"""What a failed HTTP request means: refused, denied, or another protocol."""

import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

import httpx

from copilot.errors import AccessError
from copilot.signals.reading import Absence

FAILURES = (AccessError, httpx.HTTPError, ssl.SSLError)
"""What sending a request raises; httpx lets errors of TLS through when they come late."""


class Failure(NamedTuple):
    """`problem` continues a sentence that begins with the source; `quoted` is a library's text."""

    absence: Absence
    problem: str
    quoted: str = ""


def failure_of(error: Exception, endpoint: str, access: str) -> Failure:
    """What one of FAILURES means.

    `endpoint` is the variable of the source's URL, `access` the beginning of those of its access.
    """
    if isinstance(error, AccessError):
        return Failure(Absence.DENIED, f"was not asked: {error}")
    if isinstance(error, httpx.ProxyError):
        return Failure(Absence.REFUSED, f"is not reached: {access}_PROXY answers {error}")
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return _tls_failure(cause, endpoint, access)
        if isinstance(cause, socket.gaierror):
            return Failure(Absence.REFUSED, f"is on an unknown host ({cause.strerror})")
    if isinstance(error, httpx.ConnectError):
        return Failure(Absence.REFUSED, f"refused the connection: {error}")
    if isinstance(error, httpx.NetworkError) or _is_cut_off(error):
        hint = "it may require TLS or a client certificate"
        variables = f"{endpoint} and {access}_CERTIFICATE_FILE"
        return Failure(Absence.REFUSED, f"broke off the connection: {hint}; see {variables}")
    return Failure(Absence.BAD_ANSWER, "does not speak HTTP", str(error))


def _is_cut_off(error: Exception) -> bool:
    """Whether a server with TLS closed the connection: it may cut off its own alert."""
    return (
        isinstance(error, httpx.RemoteProtocolError)
        and error.request.url.scheme == "https"
        and "without sending a response" in str(error)
    )


def _tls_failure(error: ssl.SSLError, endpoint: str, access: str) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message
        return Failure(
            Absence.DENIED,
            f"has a certificate that is not trusted ({reason}); see {access}_CA_FILE",
        )
    reason = (error.reason or "").lower().replace("_", " ")
    if "alert" in reason:
        return Failure(
            Absence.DENIED,
            f"refuses the TLS connection ({reason}): it may require a client certificate;"
            f" see {access}_CERTIFICATE_FILE",
        )
    return Failure(Absence.BAD_ANSWER, f"does not speak TLS ({reason}); see {endpoint}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
