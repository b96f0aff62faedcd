"""What a cluster answers that the canary needs: a refusal is one line, a failure is none."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceResponse,
    GetClusterInfoResponse,
    RegisterNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from copilot.canary.ground import prepare
from copilot.errors import MonitoredClusterError

HOUR, DAY = 3600, 86_400


@dataclass
class FakeFrontend:
    """A frontend without the canary's namespace, which takes retentions of at least `least`."""

    shards: int = 4
    least: int = HOUR
    error: RPCStatusCode | None = None
    retentions: list[int] = field(default_factory=list)

    async def get_cluster_info(self, *_: object, **__: object) -> GetClusterInfoResponse:
        return GetClusterInfoResponse(history_shard_count=self.shards)

    async def describe_namespace(self, *_: object, **__: object) -> DescribeNamespaceResponse:
        if not self.retentions:
            raise RPCError("no such namespace", RPCStatusCode.NOT_FOUND, b"")
        found = DescribeNamespaceResponse()
        found.namespace_info.id = "32049b68-7872-4094-8e63-d0dd59896a83"
        return found

    async def register_namespace(self, request: RegisterNamespaceRequest, **_: object) -> None:
        if self.error:
            raise RPCError("not\nhere", self.error, b"")
        seconds = request.workflow_execution_retention_period.ToSeconds()
        if seconds < self.least:
            raise RPCError("too short", RPCStatusCode.INVALID_ARGUMENT, b"")
        self.retentions.append(seconds)

    @property
    def client(self) -> Client:
        return cast("Client", SimpleNamespace(workflow_service=self))


@pytest.mark.parametrize("least", [HOUR, DAY])
async def test_the_namespace_gets_the_shortest_retention_that_the_cluster_takes(least: int) -> None:
    frontend = FakeFrontend(least=least)
    ground = await prepare(frontend.client)
    assert frontend.retentions == [least]
    assert ground.shards == 4
    assert ground.namespace_id


@pytest.mark.parametrize(
    "status",
    [
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.UNIMPLEMENTED,
    ],
)
async def test_a_cluster_that_refuses_the_canary_is_one_line(status: RPCStatusCode) -> None:
    with pytest.raises(MonitoredClusterError) as refused:
        await prepare(FakeFrontend(error=status).client)
    assert status.name in str(refused.value)
    assert "COPILOT_CANARY" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_cluster_of_unknown_shards_gets_no_canary() -> None:
    with pytest.raises(MonitoredClusterError, match="shards"):
        await prepare(FakeFrontend(shards=0).client)


async def test_a_cluster_that_does_not_answer_refuses_nothing() -> None:
    with pytest.raises(RPCError):
        await prepare(FakeFrontend(error=RPCStatusCode.UNAVAILABLE).client)
