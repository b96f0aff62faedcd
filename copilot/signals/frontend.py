"""Calls to the monitored cluster's frontend that end in time, with one kind of failure."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from copilot.errors import MonitoredClusterError
from copilot.sdk_errors import connection_reason
from copilot.signals.snapshot import Absence

CALL_SECONDS = 3.0
T = TypeVar("T")

_ABSENCES = {
    RPCStatusCode.UNAVAILABLE: Absence.REFUSED,
    RPCStatusCode.DEADLINE_EXCEEDED: Absence.TIMED_OUT,
    RPCStatusCode.NOT_FOUND: Absence.NO_SERIES,
    RPCStatusCode.CANCELLED: Absence.TIMED_OUT,  # what the client makes of its own time-out
}


class UnansweredError(MonitoredClusterError):
    """The frontend did not answer a call, or answered with an error."""

    def __init__(self, absence: Absence, message: str) -> None:
        super().__init__(message)
        self.absence = absence


async def answered(call: Awaitable[T], seconds: float) -> T:
    """What the call returns; raises UnansweredError when it fails or takes over `seconds`."""
    try:
        # The client's own time-out does not hold while it connects.
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        message = f"the frontend did not answer within {seconds:g} s"
        raise UnansweredError(Absence.TIMED_OUT, message) from error
    except RPCError as error:
        absence = _ABSENCES.get(error.status, Absence.SERVER_ERROR)
        message = f"the frontend answered {error.status.name}: {error.message}"
        raise UnansweredError(absence, message) from error
    except RuntimeError as error:  # how a client says that it cannot connect, in words of Rust
        message = f"no connection to the frontend: {connection_reason(error)}"
        raise UnansweredError(Absence.REFUSED, message) from error


async def ask_frontend(client: Client, seconds: float = CALL_SECONDS) -> None:
    """Raises UnansweredError unless the frontend itself answers; it asks nobody else for this."""
    target = client.service_client.config.target_host
    request = GetSystemInfoRequest()
    call = client.workflow_service.get_system_info(request, timeout=timedelta(seconds=seconds))
    try:
        await answered(call, seconds)
    except UnansweredError as error:
        message = f"monitored cluster at {target}: {error}"
        raise UnansweredError(error.absence, message) from error
