"""Calls to the monitored cluster's frontend, with a time limit and one kind of failure."""

import asyncio
import re
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from copilot.errors import MonitoredClusterError
from copilot.redact import redact
from copilot.signals.reading import Absence

CALL_SECONDS = 3.0
_TEXT_LENGTH = 200
T = TypeVar("T")

_ABSENCES = {
    RPCStatusCode.UNAVAILABLE: Absence.REFUSED,
    RPCStatusCode.DEADLINE_EXCEEDED: Absence.TIMED_OUT,
    RPCStatusCode.NOT_FOUND: Absence.NO_SERIES,
    RPCStatusCode.CANCELLED: Absence.TIMED_OUT,  # the client's own time-out
    RPCStatusCode.PERMISSION_DENIED: Absence.DENIED,
    RPCStatusCode.UNAUTHENTICATED: Absence.DENIED,
    RPCStatusCode.UNIMPLEMENTED: Absence.BAD_ANSWER,
}
# Patterns for the SDK's debug print of a failed connection, seen with SDK 1.35 and server 1.31.0.
# A group of a pattern is the reason in brackets.
_CONNECTIONS = (
    (
        r'code: (?:PermissionDenied|Unauthenticated), message: "([^"]*)"',
        Absence.DENIED,
        "the frontend denies access; see COPILOT_MONITORED_API_KEY and _HEADERS",
    ),
    (
        r"InvalidCertificate\((NotValidForName)",
        Absence.DENIED,
        "the frontend's certificate is for another name; see COPILOT_MONITORED_SERVER_NAME",
    ),
    (
        r"InvalidCertificate\((\w+)",
        Absence.DENIED,
        "the frontend's certificate is not trusted; see COPILOT_MONITORED_CA_FILE",
    ),
    (
        r"received fatal alert: (\w+)",
        Absence.DENIED,
        "the frontend refuses the client certificate; see COPILOT_MONITORED_CERTIFICATE_FILE",
    ),
    (
        r"InvalidMessage\(",
        Absence.BAD_ANSWER,
        "the frontend does not speak TLS; see COPILOT_MONITORED_TLS",
    ),
    (
        r"h2 protocol error|http2 error|code: Unimplemented",
        Absence.BAD_ANSWER,
        "this is not a Temporal frontend; see MONITORED_TEMPORAL_ADDRESS",
    ),
    (
        r"broken pipe|connection closed|[Cc]onnection reset",
        Absence.REFUSED,
        "the frontend closes the connection: it may require TLS or a client certificate; see"
        " COPILOT_MONITORED_TLS and _CERTIFICATE_FILE",
    ),
    (
        r"dns error",
        Absence.REFUSED,
        "the host is unknown; see MONITORED_TEMPORAL_ADDRESS",
    ),
)


class UnansweredError(MonitoredClusterError):
    """The frontend did not answer a call, or answered with an error."""

    def __init__(self, absence: Absence, message: str) -> None:
        super().__init__(message)
        self.absence = absence


def connection_reason(error: Exception) -> str:
    """The innermost message of the SDK's RuntimeError, which is a debug print of nested errors."""
    reasons = re.findall(r'(?:message|error): "([^"]+)"', str(error))
    return reasons[-1] if reasons else str(error)


async def answered(call: Awaitable[T], seconds: float) -> T:
    """The result of the call; raises UnansweredError when it fails or takes over `seconds`."""
    try:
        # The client's own time-out does not apply while it connects.
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        message = f"the frontend did not answer within {seconds:g} s"
        raise UnansweredError(Absence.TIMED_OUT, message) from error
    except RPCError as error:
        absence = _ABSENCES.get(error.status, Absence.SERVER_ERROR)
        # Cut last: redact does not recognise half a secret.
        text = redact(" ".join(error.message.split()))[:_TEXT_LENGTH]
        message = f"the frontend answered {error.status.name}: {text}"
        raise UnansweredError(absence, message) from error
    except RuntimeError as error:  # the client cannot connect
        raise _connection_failure(error) from error


def _connection_failure(error: RuntimeError) -> UnansweredError:
    for pattern, absence, message in _CONNECTIONS:
        if found := re.search(pattern, str(error)):
            reason = "".join(found.groups())
            return UnansweredError(absence, f"{message} ({reason})" if reason else message)
    message = f"no connection to the frontend: {connection_reason(error)}"
    return UnansweredError(Absence.REFUSED, message)


async def check_frontend(client: Client, seconds: float = CALL_SECONDS) -> None:
    """Raise UnansweredError unless the frontend answers a call that needs no other service."""
    request = GetSystemInfoRequest()
    call = client.workflow_service.get_system_info(request, timeout=timedelta(seconds=seconds))
    try:
        await answered(call, seconds)
    except UnansweredError as error:
        raise with_address(error, client) from error


async def check_access(client: Client, namespace: str, seconds: float = CALL_SECONDS) -> None:
    """Raise UnansweredError where the frontend denies access to the namespace, else nothing.

    An authorizer may allow the call of `check_frontend` to everyone.
    """
    request = DescribeNamespaceRequest(namespace=namespace)
    call = client.workflow_service.describe_namespace(request, timeout=timedelta(seconds=seconds))
    try:
        await answered(call, seconds)
    except UnansweredError as error:
        if error.absence is Absence.DENIED:
            raise with_address(error, client) from error


def with_address(error: UnansweredError, client: Client) -> UnansweredError:
    """The error with the frontend's address in its message."""
    address = client.service_client.config.target_host
    return UnansweredError(error.absence, f"monitored cluster at {address}: {error}")
