"""The job that registers namespaces, on a real cluster."""

from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    RegisterNamespaceRequest,
)
from temporalio.client import Client

from lab.cluster import Lab
from lab.ports import HOST
from stacks.jobs import register_namespaces

NAMESPACE = "kept"
DAY_SECONDS = 86_400


async def describe(client: Client) -> DescribeNamespaceResponse:
    return await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE)
    )


async def test_the_retention_of_a_namespace_follows_and_nothing_else_of_it(lab: Lab) -> None:
    client = await Client.connect(lab.environment()["MONITORED_TEMPORAL_ADDRESS"])
    url = f"http://{HOST}:{lab.state.published.frontend_http}"
    request = RegisterNamespaceRequest(
        namespace=NAMESPACE, description="ours", owner_email="a@example.com", data={"team": "a"}
    )
    request.workflow_execution_retention_period.FromSeconds(7 * DAY_SECONDS)
    await client.workflow_service.register_namespace(request)
    expected = await describe(client)
    assert register_namespaces.main(["--keep-retention", url, "3", NAMESPACE]) == 0
    assert await describe(client) == expected
    for days in (2, 2, 30):
        assert register_namespaces.main([url, str(days), NAMESPACE]) == 0
        expected.config.workflow_execution_retention_ttl.FromSeconds(days * DAY_SECONDS)
        assert await describe(client) == expected
