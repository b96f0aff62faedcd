"""The outputs of the stacks, each with its description and its variables of `.env`.

A group with variables belongs to ENV_FILE_GROUPS. The addresses of published ports are outputs too,
which the catalogue derives from its ports.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

import pulumi

from components.inputs import StringInput, to_deploy

T = TypeVar("T")


# Any, as for dataclasses.field: the value is the field's own type.
def output(description: str, *variables: str, default: Any = MISSING) -> Any:  # noqa: ANN401
    """An output, and the variables of `.env` that get its value."""
    return field(default=default, metadata={"description": description, "variables": variables})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(output,))
def output_group(group: type[T]) -> type[T]:
    """A class of outputs that one part of a stack provides."""
    return dataclass(frozen=True, kw_only=True)(group)


@output_group
class StoreOutputs:
    """The monitored cluster's stores."""

    temporal_sql_host: StringInput = output(
        "SQL store of the monitored cluster", "TEMPORAL_SQL_HOST"
    )
    temporal_sql_port: str = output("port of the SQL store", "TEMPORAL_SQL_PORT")
    temporal_sql_database: str = output(
        "database of the monitored cluster", "TEMPORAL_SQL_DATABASE"
    )
    temporal_sql_user: str = output("user of the SQL store", "TEMPORAL_SQL_USER")
    temporal_sql_plugin_name: str = output(
        "Temporal's plugin for the SQL store", "TEMPORAL_SQL_PLUGIN_NAME", "TEMPORAL_SQL_PLUGIN"
    )
    temporal_sql_tls_enabled: str = output(
        "whether the SQL store requires TLS", "TEMPORAL_SQL_TLS_ENABLED"
    )
    temporal_sql_iam_auth: str = output(
        "whether IAM tokens are the passwords", "TEMPORAL_SQL_IAM_AUTH"
    )
    temporal_sql_max_conns: str = output(
        "open and idle connections of a service",
        "TEMPORAL_SQL_MAX_CONNS",
        "TEMPORAL_SQL_MAX_IDLE_CONNS",
    )
    temporal_sql_connection_timeout: str = output(
        "time limit of a new connection", "TEMPORAL_SQL_CONNECTION_TIMEOUT"
    )
    temporal_sql_max_conn_lifetime: str = output(
        "age at which a connection is closed", "TEMPORAL_SQL_MAX_CONN_LIFETIME"
    )
    dsql_reservoir_enabled: str = output(
        "whether services keep connections ready", "DSQL_RESERVOIR_ENABLED"
    )
    temporal_elasticsearch_host: str = output(
        "visibility store; empty: the SQL store", "TEMPORAL_ELASTICSEARCH_HOST", default=""
    )
    temporal_elasticsearch_port: str = output(
        "port of the visibility store", "TEMPORAL_ELASTICSEARCH_PORT", default=""
    )
    temporal_elasticsearch_scheme: str = output(
        "http or https", "TEMPORAL_ELASTICSEARCH_SCHEME", default=""
    )
    temporal_elasticsearch_version: str = output(
        "version of its API", "TEMPORAL_ELASTICSEARCH_VERSION", default=""
    )
    temporal_elasticsearch_index: str = output(
        "index of the monitored cluster", "TEMPORAL_ELASTICSEARCH_INDEX", default=""
    )


@output_group
class ServerOutputs:
    """The monitored cluster's Temporal server."""

    temporal_history_shards: str = output("history shards of a cluster", "TEMPORAL_HISTORY_SHARDS")
    temporal_log_level: str = output("log level of Temporal", "TEMPORAL_LOG_LEVEL")
    temporal_image: str = output("image of the Temporal server", "TEMPORAL_IMAGE")


@output_group
class AwsOutputs:
    """What the containers use in AWS; empty without AWS."""

    region: str = output(
        "AWS region; empty: no AWS", "AWS_REGION", "TEMPORAL_SQL_AWS_REGION", default=""
    )
    copilot_dsql_endpoint: StringInput = output(
        "store of the Copilot; empty: no DSQL", "COPILOT_DSQL_HOST", default=""
    )
    copilot_dsql_database: str = output(
        "database of the Copilot", "COPILOT_DSQL_DATABASE", default=""
    )
    knowledge_base_id: StringInput = output(
        "knowledge base; empty: the Copilot's own passages", "COPILOT_KNOWLEDGE_BASE_ID", default=""
    )


@output_group
class CopilotAwsOutputs(AwsOutputs):
    """The resources in AWS of the stack `copilot`."""

    copilot_dsql_cluster_identifier: StringInput = output("id of the Copilot's DSQL cluster")
    copilot_dsql_cluster_arn: StringInput = output("ARN of the Copilot's DSQL cluster")
    knowledge_base_arn: StringInput = output("ARN of the knowledge base")
    data_source_id: StringInput = output("id of the knowledge base's data source")
    kb_source_bucket: StringInput = output("bucket of the knowledge base's documents")
    kb_vectors_bucket: StringInput = output("bucket of the knowledge base's vectors")
    kb_index_arn: StringInput = output("ARN of the index of the vectors")


@output_group
class DevOutputs:
    """The stack `dev`; the stack `copilot` reads endpoint and region."""

    dsql_endpoint: StringInput = output("endpoint of the shared Aurora DSQL cluster")
    dsql_cluster_identifier: StringInput = output("id of the shared cluster")
    dsql_cluster_arn: StringInput = output("ARN of the shared cluster")
    region: str = output("AWS region")
    project_name: str = output("prefix of names in AWS")
    rate_limiter_table: StringInput = output("table for the rate of new connections; empty: none")
    conn_lease_table: StringInput = output("table for the leases of connections; empty: none")


@output_group
class CopilotStoreOutputs:
    """The store of the stack `watch`."""

    copilot_sql_host: StringInput = output("store of the Copilot and of its Temporal")


@output_group
class WatchedClusterOutputs:
    """The watched cluster as containers reach it."""

    monitored_cluster: str = output("label `cluster` of the watched cluster", "COPILOT_CLUSTER")
    monitored_temporal_address: str = output(
        "frontend of the watched cluster", "MONITORED_TEMPORAL_ADDRESS"
    )
    metrics_url: str = output("its metrics store", "PROMETHEUS_ENDPOINT")
    logs_url: str = output("its Loki; empty: none", "LOKI_URL")


@output_group
class WatchedClustersOutputs:
    """The watched clusters, where files describe them."""

    clusters_folder: str = output("folder of cluster files", "COPILOT_CLUSTERS_FOLDER")


ENV_FILE_GROUPS = (
    StoreOutputs,
    ServerOutputs,
    AwsOutputs,
    WatchedClusterOutputs,
    WatchedClustersOutputs,
)


@dataclass(frozen=True)
class Output:
    """The declaration of an output."""

    name: str
    description: str
    variables: tuple[str, ...]


def declared_outputs(group: type) -> Iterator[Output]:
    """The outputs of a group, in the order of their declaration."""
    return (Output(one.name, **one.metadata) for one in fields(group))


def values_of(*groups: object) -> dict[str, StringInput]:
    """The values of all outputs of the groups, by name."""
    return {
        one.name: getattr(group, one.name)
        for group in groups
        for one in declared_outputs(type(group))
    }


def export(
    *groups: object, addresses: Mapping[str, str] | None = None
) -> dict[str, pulumi.Input[str]]:
    """Export the outputs of the groups and the `addresses`; the values by name."""
    values = {name: to_deploy(value) for name, value in values_of(*groups).items()}
    exported: dict[str, pulumi.Input[str]] = {**values, **(addresses or {})}
    for name, value in sorted(exported.items()):
        pulumi.export(name, value)
    return exported


def export_last() -> None:
    """Export the outputs of the stack's last update again, in an update that does not know them."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    last = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name})
    for output_name, value in sorted(last.value["outputs"].items()):
        pulumi.export(output_name, value)
