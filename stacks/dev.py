"""The stack `dev`: the shared Aurora DSQL cluster, which outlives every copilot stack."""

import pulumi

from components.connection_tables import ConnectionTables
from components.dsql_cluster import DsqlCluster
from stacks import aws, preflight, preflight_aws, settings
from stacks.settings import DevSettings


def configured() -> DevSettings:
    """The stack's settings. Raises pulumi.RunError naming every problem."""
    return settings.load(DevSettings)


def declare(chosen: DevSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where AWS would not let it be made."""
    preflight.require(preflight_aws.problems(chosen.region, embeddings=False))
    opts = pulumi.ResourceOptions(
        provider=aws.provider(chosen.region, chosen.project_name, "long-lived")
    )
    cluster = DsqlCluster(
        f"{chosen.project_name}-dsql", region=chosen.region, protected=chosen.protected, opts=opts
    )
    pulumi.export("dsql_endpoint", cluster.endpoint)
    pulumi.export("dsql_cluster_identifier", cluster.identifier)
    pulumi.export("dsql_cluster_arn", cluster.arn)
    pulumi.export("region", chosen.region)
    pulumi.export("project_name", chosen.project_name)
    tables = (
        ConnectionTables(chosen.project_name, protected=chosen.protected, opts=opts)
        if chosen.dynamodb_tables
        else None
    )
    pulumi.export("rate_limiter_table", tables.rate_limiter if tables else "")
    pulumi.export("conn_lease_table", tables.leases if tables else "")
