"""An Aurora DSQL cluster."""

import pulumi
from pulumi_aws.dsql import Cluster


class DsqlCluster(pulumi.ComponentResource):
    """One cluster. Where it is `protected`, Pulumi and AWS refuse to delete it."""

    endpoint: pulumi.Output[str]
    """Host name, which follows from identifier and region; the resource has none."""
    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        region: str,
        protected: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:aws:DsqlCluster", name, None, opts)
        cluster = Cluster(
            name,
            deletion_protection_enabled=protected,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )
        self.identifier = cluster.identifier
        self.arn = cluster.arn
        self.endpoint = pulumi.Output.concat(cluster.identifier, ".dsql.", region, ".on.aws")
        self.register_outputs({"endpoint": self.endpoint, "identifier": self.identifier})
