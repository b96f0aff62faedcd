"""The Aurora DSQL cluster and its tables."""

import pytest

from components.connection_tables import ConnectionTables
from components.dsql_cluster import DsqlCluster
from tests.components.pulumi_run import FakeProviders, run

CLUSTER = "aws:dsql/cluster:Cluster"
TABLE = "aws:dynamodb/table:Table"


@pytest.mark.parametrize("protected", [True, False])
def test_one_switch_protects_in_pulumi_and_in_aws(*, protected: bool) -> None:
    cluster = run(lambda: DsqlCluster("p-dsql", region="eu-west-1", protected=protected)).one(
        CLUSTER
    )
    assert cluster.inputs["deletionProtectionEnabled"] is protected
    assert cluster.request.protect is protected


def test_the_endpoint_is_made_of_identifier_and_region() -> None:
    found: list[str] = []

    def program() -> None:
        cluster = DsqlCluster("p-dsql", region="eu-west-1", protected=False)
        cluster.endpoint.apply(found.append)

    run(program, providers=FakeProviders({"p-dsql": {"identifier": "abc", "arn": "arn"}}))
    assert found == ["abc.dsql.eu-west-1.on.aws"]


@pytest.mark.parametrize("protected", [True, False])
def test_the_tables_expire_their_rows_and_are_protected_with_the_cluster(
    *, protected: bool
) -> None:
    tables = run(lambda: ConnectionTables("p", protected=protected)).of(TABLE)
    assert set(tables) == {"p-dsql-rate-limiter", "p-dsql-conn-lease"}
    for name, table in tables.items():
        assert table.inputs["name"] == name
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["hashKey"] == "pk"
        assert table.inputs["ttl"] == {"attributeName": "ttl_epoch", "enabled": True}
        assert table.inputs["deletionProtectionEnabled"] is protected
        assert table.request.protect is protected
