"""The stacks `dev` and `copilot` through Pulumi's real engine, with AWS and Docker in memory."""

import re

from tests.engine.worlds import World

CLUSTER = "aws:dsql/cluster:Cluster"


def test_what_stands_is_left_alone(standing_aws: World) -> None:
    for stack in ("dev", "copilot"):
        assert standing_aws.up(stack).changes == {}
    assert standing_aws.refresh("copilot").changes == {}
    assert standing_aws.up("copilot").changes == {}


def test_previews_make_nothing(empty_aws: World) -> None:
    empty_aws.preview("dev")
    empty_aws.configure("copilot", shared_dsql_endpoint="abc.dsql.eu-west-1.on.aws")
    assert "create" in empty_aws.preview("copilot").changes
    assert not empty_aws.aws.resources
    assert not empty_aws.docker.containers


def test_copilot_takes_the_shared_cluster_from_dev(standing_aws: World) -> None:
    shared = standing_aws.outputs("dev")["dsql_endpoint"]
    outputs = standing_aws.outputs("copilot")
    assert re.fullmatch(r"[a-z0-9]{26}\.dsql\.eu-west-1\.on\.aws", shared)
    assert outputs["temporal_sql_host"] == shared
    assert outputs["copilot_dsql_endpoint"] != shared
    history = standing_aws.docker.named("copilot-temporal-history")
    assert shared.encode() in history.files["/etc/temporal/server.yaml"]
    text = (standing_aws.folder / ".env").read_text(encoding="utf-8")
    assert f"TEMPORAL_SQL_HOST='{shared}'" in text
    assert f"COPILOT_DSQL_HOST='{outputs['copilot_dsql_endpoint']}'" in text
    assert f"COPILOT_KNOWLEDGE_BASE_ID='{outputs['knowledge_base_id']}'" in text


def test_everything_in_aws_is_tagged(standing_aws: World) -> None:
    state = standing_aws.pulumi("stack", "export", "--stack", "copilot").output
    assert '"Lifecycle": "ephemeral"' in state
    assert '"ManagedBy": "pulumi"' in state


def test_destroying_copilot_leaves_the_shared_cluster(standing_aws: World) -> None:
    standing_aws.destroy("copilot")
    assert not standing_aws.docker.containers
    assert not standing_aws.docker.volumes
    kinds = {key.split()[0] for key in standing_aws.aws.resources}
    assert kinds == {CLUSTER}
    assert len(standing_aws.aws.standing(CLUSTER)) == 1


def test_the_shared_cluster_is_protected_until_told_otherwise(standing_aws: World) -> None:
    outcome = standing_aws.destroy("dev", fails=True)
    assert "protect" in outcome.output
    assert standing_aws.aws.standing(CLUSTER)

    standing_aws.configure("dev", protected=False)
    assert standing_aws.up("dev").changes.keys() == {"update"}
    standing_aws.destroy("copilot")
    standing_aws.destroy("dev")
    assert not standing_aws.aws.resources


def test_tables_come_and_go_with_their_setting(standing_aws: World) -> None:
    standing_aws.configure("dev", dynamodb_tables=True, protected=False)
    standing_aws.up("dev")
    names = {table["name"] for table in standing_aws.aws.standing("aws:dynamodb/table:Table")}
    assert names == {"temporal-dev-dsql-rate-limiter", "temporal-dev-dsql-conn-lease"}
    outputs = standing_aws.outputs("dev")
    assert {outputs["rate_limiter_table"], outputs["conn_lease_table"]} == names


def test_a_knowledge_base_deleted_by_hand_is_made_again(standing_aws: World) -> None:
    before = standing_aws.outputs("copilot")["knowledge_base_id"]
    resources = standing_aws.aws.resources
    for key in [key for key in resources if "AgentKnowledgeBase" in key]:
        del resources[key]
    outcome = standing_aws.up("copilot")
    after = standing_aws.outputs("copilot")["knowledge_base_id"]
    assert after != before
    # Who was told the old id is told the new one.
    assert "copilot-worker" in outcome.changes["create-replacement"]
    worker = standing_aws.docker.named("copilot-copilot-worker")
    assert f"COPILOT_KNOWLEDGE_BASE_ID={after}" in worker.config["Env"]


def test_an_existing_cluster_can_be_named_instead_of_dev(empty_aws: World) -> None:
    endpoint = "abc.dsql.eu-west-1.on.aws"
    empty_aws.configure("copilot", shared_dsql_endpoint=endpoint)
    empty_aws.up("copilot")
    assert empty_aws.outputs("copilot")["temporal_sql_host"] == endpoint


def test_the_server_image_is_built_from_a_checkout(standing_aws: World) -> None:
    source = standing_aws.folder.with_name("temporal-dsql")
    (source / "cmd" / "tools" / "dsql").mkdir(parents=True)
    standing_aws.configure("copilot", temporal_source=str(source))
    outcome = standing_aws.up("copilot")
    assert "temporal_dsql-image" in outcome.changes["create"]
    assert "temporal-history" in outcome.changes["create-replacement"]
