"""An Aurora DSQL cluster."""

import pulumi
from pulumi_aws.dsql import Cluster

from components.service import Text


class DsqlCluster(pulumi.ComponentResource):
    """One cluster. `protected` makes both Pulumi and AWS refuse to delete it."""

    endpoint: pulumi.Output[str]
    """Host name to connect to; AWS gives none, it is made of identifier and region."""
    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        region: Text,
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
