"""The stacks `dev` and `copilot` through Pulumi's real engine, with AWS and Docker in memory."""

import re

from tests.engine.worlds import World

CLUSTER = "aws:dsql/cluster:Cluster"


def test_unchanged_stacks_are_left_alone(running_aws: World) -> None:
    assert running_aws.up("dev").changes == {}
    assert running_aws.refresh("copilot").changes == {}
    assert running_aws.up("copilot").changes == {}


def test_previews_create_nothing(empty_aws: World) -> None:
    empty_aws.preview("dev")
    empty_aws.configure("copilot", shared_dsql_endpoint="abc.dsql.eu-west-1.on.aws")
    assert "create" in empty_aws.preview("copilot").changes
    assert not empty_aws.aws.resources
    assert not empty_aws.docker.containers


def test_copilot_takes_the_shared_cluster_from_dev(running_aws: World) -> None:
    shared = running_aws.outputs("dev")["dsql_endpoint"]
    outputs = running_aws.outputs("copilot")
    assert re.fullmatch(r"[a-z0-9]{26}\.dsql\.eu-west-1\.on\.aws", shared)
    assert outputs["temporal_sql_host"] == shared
    assert outputs["copilot_dsql_endpoint"] != shared
    history = running_aws.docker.named("copilot-temporal-history")
    assert shared.encode() in history.files["/etc/temporal/server.yaml"]
    text = (running_aws.folder / ".env").read_text(encoding="utf-8")
    assert f"TEMPORAL_SQL_HOST='{shared}'" in text
    assert f"COPILOT_DSQL_HOST='{outputs['copilot_dsql_endpoint']}'" in text
    assert f"COPILOT_KNOWLEDGE_BASE_ID='{outputs['knowledge_base_id']}'" in text


def test_everything_in_aws_is_tagged(running_aws: World) -> None:
    state = running_aws.pulumi("stack", "export", "--stack", "copilot").output
    assert '"Lifecycle": "ephemeral"' in state
    assert '"ManagedBy": "pulumi"' in state


def test_the_shared_cluster_stays_until_its_protection_is_off(running_aws: World) -> None:
    running_aws.destroy("copilot")
    assert not running_aws.docker.containers
    assert not running_aws.docker.volumes
    assert [key.split()[0] for key in running_aws.aws.resources] == [CLUSTER]

    assert "protect" in running_aws.destroy("dev", fails=True).output
    assert running_aws.aws.existing(CLUSTER)

    running_aws.configure("dev", protected=False)
    assert running_aws.up("dev").changes.keys() == {"update"}
    running_aws.destroy("dev")
    assert not running_aws.aws.resources


def test_tables_come_and_go_with_their_setting(running_aws: World) -> None:
    running_aws.configure("dev", dynamodb_tables=True, protected=False)
    running_aws.up("dev")
    names = {table["name"] for table in running_aws.aws.existing("aws:dynamodb/table:Table")}
    assert names == {"temporal-dev-dsql-rate-limiter", "temporal-dev-dsql-conn-lease"}
    outputs = running_aws.outputs("dev")
    assert {outputs["rate_limiter_table"], outputs["conn_lease_table"]} == names


def test_a_knowledge_base_deleted_by_hand_is_created_again(running_aws: World) -> None:
    before = running_aws.outputs("copilot")["knowledge_base_id"]
    resources = running_aws.aws.resources
    for key in [key for key in resources if "AgentKnowledgeBase" in key]:
        del resources[key]
    outcome = running_aws.up("copilot")
    after = running_aws.outputs("copilot")["knowledge_base_id"]
    assert after != before
    [source] = running_aws.aws.existing("aws:bedrock/agentDataSource:AgentDataSource")
    assert source["knowledgeBaseId"] == after
    # The container that had the old id has the new one.
    assert "copilot-worker" in outcome.changes["create-replacement"]
    worker = running_aws.docker.named("copilot-copilot-worker")
    assert f"COPILOT_KNOWLEDGE_BASE_ID={after}" in worker.config["Env"]


def test_a_replaced_vectors_index_takes_its_knowledge_base_along(running_aws: World) -> None:
    program = running_aws.folder / "components" / "knowledge_base.py"
    changed = program.read_text("utf-8").replace("_DIMENSIONS = 1024", "_DIMENSIONS = 512")
    program.write_text(changed.replace("replace=True", "replace=False"), "utf-8")
    refused = running_aws.up("copilot", fails=True).output
    assert "ConflictException: temporal-dev-copilot-kb-vectors" in refused

    program.write_text(changed, "utf-8")
    running_aws.up("copilot")
    [index] = running_aws.aws.existing("aws:s3/vectorsIndex:VectorsIndex")
    [source] = running_aws.aws.existing("aws:bedrock/agentDataSource:AgentDataSource")
    base = running_aws.outputs("copilot")["knowledge_base_id"]
    assert index["dimension"] == 512
    assert source["knowledgeBaseId"] == base
    assert [key for key in running_aws.aws.resources if key.endswith(f"KnowledgeBase {base}")]


def test_a_vectors_index_deleted_by_hand_gets_its_documents_again(running_aws: World) -> None:
    before = running_aws.outputs("copilot")["data_source_id"]
    resources = running_aws.aws.resources
    for key in [key for key in resources if "VectorsIndex" in key]:
        del resources[key]
    running_aws.up("copilot")
    assert len(running_aws.aws.existing("aws:s3/vectorsIndex:VectorsIndex")) == 1
    # A new data source has ingested nothing yet.
    assert running_aws.outputs("copilot")["data_source_id"] != before
    assert len(running_aws.aws.existing("aws:bedrock/agentDataSource:AgentDataSource")) == 1


def test_an_existing_cluster_can_be_named_instead_of_dev(empty_aws: World) -> None:
    endpoint = "abc.dsql.eu-west-1.on.aws"
    empty_aws.configure("copilot", shared_dsql_endpoint=endpoint)
    empty_aws.up("copilot")
    assert empty_aws.outputs("copilot")["temporal_sql_host"] == endpoint


def test_the_server_image_is_built_from_a_checkout(running_aws: World) -> None:
    source = running_aws.folder.with_name("temporal-dsql")
    (source / "cmd" / "tools" / "dsql").mkdir(parents=True)
    running_aws.configure("copilot", temporal_source=str(source))
    outcome = running_aws.up("copilot")
    assert "temporal_dsql-image" in outcome.changes["create"]
    assert "temporal-history" in outcome.changes["create-replacement"]
