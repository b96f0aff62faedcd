"""DynamoDB tables through which Temporal services share the connection limits of Aurora DSQL."""

import pulumi
from pulumi_aws.dynamodb import Table, TableAttributeArgs, TableTtlArgs


class ConnectionTables(pulumi.ComponentResource):
    """A table for the rate of new connections and a table for the leases of open connections."""

    rate_limiter: pulumi.Output[str]
    leases: pulumi.Output[str]

    def __init__(
        self, prefix: str, *, protected: bool, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("copilot:aws:ConnectionTables", prefix, None, opts)
        self._protected = protected
        self.rate_limiter = self._table(f"{prefix}-dsql-rate-limiter")
        self.leases = self._table(f"{prefix}-dsql-conn-lease")
        self.register_outputs({"rate_limiter": self.rate_limiter, "leases": self.leases})

    def _table(self, name: str) -> pulumi.Output[str]:
        table = Table(
            name,
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="pk",
            attributes=[TableAttributeArgs(name="pk", type="S")],
            ttl=TableTtlArgs(attribute_name="ttl_epoch", enabled=True),
            deletion_protection_enabled=self._protected,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(
                parent=self, protect=self._protected, delete_before_replace=True
            ),
        )
        return table.name
