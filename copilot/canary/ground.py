"""What the canary needs of the monitored cluster: its namespace, and the number of shards."""

from datetime import timedelta

from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    GetClusterInfoRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from copilot.canary.workflow import NAMESPACE
from copilot.errors import MonitoredClusterError
from copilot.signals.monitored_frontend import CALL_SECONDS, connection_reason
from copilot.signals.reading import Frozen

_CALL = timedelta(seconds=CALL_SECONDS)
# The shortest retention of the server; clusters before 1.22, and replicated ones, want a day.
_RETENTIONS = (timedelta(hours=1), timedelta(days=1))
# What a cluster answers that works and does not let the canary in.
REFUSALS = {
    RPCStatusCode.PERMISSION_DENIED,
    RPCStatusCode.UNAUTHENTICATED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.UNIMPLEMENTED,
    RPCStatusCode.NOT_FOUND,
    RPCStatusCode.ALREADY_EXISTS,
}
HINT = "allow it, or set COPILOT_CANARY=off"


class Ground(Frozen):
    """Where the canary runs: the id of its namespace, and the cluster's history shards."""

    namespace_id: str
    shards: int


async def prepare(client: Client) -> Ground:
    """Register the canary's namespace unless it exists.

    Raises MonitoredClusterError, with a line that says what the cluster refuses, and RPCError when
    it does not answer.
    """
    try:
        info = await client.workflow_service.get_cluster_info(
            GetClusterInfoRequest(), timeout=_CALL
        )
        if not info.history_shard_count:
            raise MonitoredClusterError(
                f"the canary does not run: the cluster does not say how many shards it has; {HINT}"
            )
        namespace_id = await _namespace_id(client)
        if namespace_id is None:
            await _register(client)
            namespace_id = await _namespace_id(client) or ""
        return Ground(namespace_id=namespace_id, shards=info.history_shard_count)
    except RPCError as error:
        if refused := refusal(error):
            raise MonitoredClusterError(refused) from error
        raise
    except RuntimeError as error:  # a lazy client that cannot connect
        raise RPCError(connection_reason(error), RPCStatusCode.UNAVAILABLE, b"") from error


def refusal(error: RPCError) -> str:
    """One line when a working cluster refuses the canary; empty when it fails."""
    if error.status not in REFUSALS:
        return ""
    reason = " ".join(error.message.split())
    return f"the canary does not run: the cluster answers {error.status.name} ({reason}); {HINT}"


async def _namespace_id(client: Client) -> str | None:
    request = DescribeNamespaceRequest(namespace=NAMESPACE)
    try:
        found = await client.workflow_service.describe_namespace(request, timeout=_CALL)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return found.namespace_info.id


async def _register(client: Client) -> None:
    for retention in _RETENTIONS:
        request = RegisterNamespaceRequest(
            namespace=NAMESPACE,
            description="Small workflows by which the Temporal SRE Copilot measures this cluster.",
        )
        request.workflow_execution_retention_period.FromTimedelta(retention)
        try:
            await client.workflow_service.register_namespace(request, timeout=_CALL)
        except RPCError as error:
            too_short = error.status is RPCStatusCode.INVALID_ARGUMENT
            if too_short and retention != _RETENTIONS[-1]:
                continue
            if error.status is not RPCStatusCode.ALREADY_EXISTS:  # another worker was faster
                raise
        return
