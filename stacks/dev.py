"""The stack `dev`: the shared Aurora DSQL cluster, which outlives every copilot stack."""

import pulumi

from components.connection_tables import ConnectionTables
from components.dsql_cluster import DsqlCluster
from stacks import aws_provider, outputs, preflight
from stacks.outputs import DevOutputs
from stacks.preflight import aws as aws_preflight
from stacks.settings import DevSettings


def declare(settings: DevSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where AWS would refuse it."""
    preflight.require(aws_preflight.problems(settings.region, embeddings=False))
    opts = pulumi.ResourceOptions(
        provider=aws_provider.provider(settings.region, settings.project_name, "long-lived")
    )
    cluster = DsqlCluster(
        f"{settings.project_name}-dsql",
        region=settings.region,
        protected=settings.protected,
        opts=opts,
    )
    tables = (
        ConnectionTables(settings.project_name, protected=settings.protected, opts=opts)
        if settings.dynamodb_tables
        else None
    )
    outputs.export(
        DevOutputs(
            dsql_endpoint=cluster.endpoint,
            dsql_cluster_identifier=cluster.identifier,
            dsql_cluster_arn=cluster.arn,
            region=settings.region,
            project_name=settings.project_name,
            rate_limiter_table=tables.rate_limiter if tables else "",
            conn_lease_table=tables.leases if tables else "",
        )
    )
