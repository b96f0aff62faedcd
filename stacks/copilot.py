"""The stack `copilot`: everything on this machine, with stores and knowledge in AWS."""

import pulumi

from components.images import Build
from components.service import Text
from stacks import environment, outputs, preflight, run_mode, secrets, settings
from stacks.caller_access import caller_access, make_caches
from stacks.dsql import DATABASE, Dsql
from stacks.images import copilot_build, temporal_build
from stacks.services import Catalogue, catalogue
from stacks.settings import CopilotSettings

STACK = "copilot"
_SHARED_OUTPUT = "dsql_endpoint"
_DEV_FIRST = (
    "run `pulumi up -s dev` first, or name an existing cluster with"
    f" `pulumi config set -s {STACK} shared_dsql_endpoint HOST`"
)


def configured() -> CopilotSettings:
    """The stack's settings. Raises pulumi.RunError naming every problem."""
    return settings.load(CopilotSettings, planned(CopilotSettings()).known)


def planned(chosen: CopilotSettings) -> Catalogue:
    """What the stack runs, before anything that AWS names is made."""
    return services(chosen, stores(chosen, "", ""), knowledge_base_id="", grafana_password="")


def services(
    chosen: CopilotSettings,
    chosen_stores: Dsql,
    *,
    knowledge_base_id: Text,
    grafana_password: Text,
) -> Catalogue:
    """Everything that the stack runs."""
    knowledge = {
        "COPILOT_DEEP_MODEL": chosen.deep_words,
        "COPILOT_KNOWLEDGE_BASE_ID": knowledge_base_id,
        "COPILOT_MODEL": chosen.quick_words,
        "COPILOT_MODEL_CALLS_PER_HOUR": str(chosen.model_calls_per_hour),
        "COPILOT_MODEL_TOKENS_PER_DAY": str(chosen.model_tokens_per_day),
    }
    return catalogue(
        STACK, chosen, chosen_stores, knowledge=knowledge, grafana_password=grafana_password
    )


def stores(chosen: CopilotSettings, monitored_endpoint: Text, copilot_endpoint: Text) -> Dsql:
    """Both Aurora DSQL clusters, with Elasticsearch."""
    return Dsql(
        monitored_endpoint=monitored_endpoint,
        copilot_endpoint=copilot_endpoint,
        access=caller_access(chosen.region),
        schema_version=chosen.dsql_schema_version,
        sql_max_conns=chosen.sql_max_conns,
        copilot_sql_max_conns=chosen.copilot_sql_max_conns,
        reservoir_target=chosen.reservoir_target,
        elasticsearch_port=chosen.ports.get("elasticsearch", 9200),
        ulimits={"memlock": chosen.ulimits.memlock, "nofile": chosen.ulimits.nofile},
    )


def declare(chosen: CopilotSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where AWS or this machine cannot run it."""
    # Not for a plan, because the SDK of AWS takes longest to load.
    from components.dsql_cluster import DsqlCluster  # noqa: PLC0415
    from components.knowledge_base import KnowledgeBase  # noqa: PLC0415
    from stacks import aws, preflight_aws  # noqa: PLC0415

    mode = run_mode.services()
    builds = _builds(chosen)
    if mode == "images":
        preflight.require(preflight.build_problems())
        environment.declare_images(STACK, public={}, builds=builds)
        outputs.export_last()
        return
    problems = [*preflight_aws.problems(chosen.region, embeddings=True)]
    if mode == "running":
        problems += preflight_aws.container_problems()
        problems += preflight.engine_problems(STACK, planned(chosen), built=builds)
    preflight.require(problems)
    if mode == "running":
        make_caches()
    shared_endpoint = _shared_endpoint(chosen)

    provider = aws.provider(chosen.region, chosen.project_name, "ephemeral")
    opts = pulumi.ResourceOptions(provider=provider)
    prefix = f"{chosen.project_name}-copilot"
    cluster = DsqlCluster(f"{prefix}-dsql", region=chosen.region, protected=False, opts=opts)
    knowledge = KnowledgeBase(
        prefix, region=chosen.region, account=aws.account_id(provider), opts=opts
    )
    chosen_stores = stores(chosen, shared_endpoint, cluster.endpoint)
    known = services(
        chosen,
        chosen_stores,
        knowledge_base_id=knowledge.id,
        grafana_password=secrets.grafana_password(),
    )
    ends = environment.declare(STACK, known, chosen, services=mode, builds=builds)
    made: dict[str, Text] = {
        "region": chosen.region,
        "copilot_dsql_endpoint": cluster.endpoint,
        "copilot_dsql_database": DATABASE,
        "copilot_dsql_cluster_identifier": cluster.identifier,
        "copilot_dsql_cluster_arn": cluster.arn,
        "knowledge_base_id": knowledge.id,
        "knowledge_base_arn": knowledge.arn,
        "data_source_id": knowledge.data_source_id,
        "kb_source_bucket": knowledge.source_bucket,
        "kb_vectors_bucket": knowledge.vectors_bucket,
        "kb_index_arn": knowledge.index_arn,
    }
    outputs.export(outputs.describe(known, chosen, chosen_stores, made), ends)


def _builds(chosen: CopilotSettings) -> dict[str, Build]:
    builds = {"copilot": copilot_build(chosen.images)}
    if chosen.temporal_source:
        builds["temporal_dsql"] = temporal_build(
            chosen.temporal_source, chosen.images, chosen.temporal_arch
        )
    return builds


def _shared_endpoint(chosen: CopilotSettings) -> Text:
    """Endpoint of the monitored cluster's database: the one set, or that of the stack `dev`."""
    if chosen.shared_dsql_endpoint:
        return chosen.shared_dsql_endpoint
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/dev"
    found = _read_outputs(name)
    if _SHARED_OUTPUT not in found:
        raise pulumi.RunError(f"the stack dev has no Aurora DSQL cluster yet: {_DEV_FIRST}")
    if found["region"] != chosen.region:
        raise pulumi.RunError(
            f"the stack dev is in {found['region']}, and region here is {chosen.region}: they have"
            " to be the same"
        )
    return pulumi.StackReference(name).require_output(_SHARED_OUTPUT)


def _read_outputs(stack: str) -> dict[str, str]:
    """Another stack's outputs, at once. Raises pulumi.RunError where there is no such stack."""
    try:
        # A reference to no stack would end the run with "unknown stack" and nothing more.
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack})
    except Exception as error:
        if "unknown stack" not in str(error):
            raise
        raise pulumi.RunError(f"there is no stack {stack} yet: {_DEV_FIRST}") from error
    outputs: dict[str, str] = answer.value["outputs"]
    return outputs
