"""The stack `copilot`: containers on this machine, stores and knowledge in AWS."""

import pulumi

from components.dsql_cluster import DsqlCluster
from components.knowledge_base import KnowledgeBase
from stacks import aws_provider, configuration, deploy, preflight, run_options
from stacks.catalogue.aws_access import create_caches
from stacks.catalogue.by_stack import catalogue_for, copilot_catalogue
from stacks.catalogue.dsql import DATABASE
from stacks.outputs import CopilotAwsOutputs
from stacks.preflight import aws as aws_preflight
from stacks.preflight import aws_in_containers
from stacks.preflight import docker as docker_preflight
from stacks.settings import CopilotSettings

_SHARED_OUTPUT = "dsql_endpoint"
_DEV_FIRST = (
    "run `pulumi up -s dev` first, or name an existing cluster with"
    f" `pulumi config set -s {CopilotSettings.stack} shared_dsql_endpoint HOST`"
)


def declare(settings: CopilotSettings) -> None:
    """Declare the stack. Raises pulumi.RunError where AWS or this machine cannot run it."""
    mode = run_options.container_mode()
    if mode == "images":
        deploy.declare_builds_only(settings)
        return
    problems = [*aws_preflight.problems(settings.region, embeddings=True)]
    if mode == "running":
        problems += aws_in_containers.container_problems()
        problems += docker_preflight.engine_problems(catalogue_for(settings))
    preflight.require(problems)
    if mode == "running":
        create_caches()
    shared_endpoint = _shared_endpoint(settings)

    provider = aws_provider.provider(settings.region, settings.project_name, "ephemeral")
    opts = pulumi.ResourceOptions(provider=provider)
    prefix = f"{settings.project_name}-copilot"
    cluster = DsqlCluster(f"{prefix}-dsql", region=settings.region, protected=False, opts=opts)
    knowledge = KnowledgeBase(
        prefix, region=settings.region, account=aws_provider.account_id(provider), opts=opts
    )
    catalogue = copilot_catalogue(
        settings,
        monitored_endpoint=shared_endpoint,
        copilot_endpoint=cluster.endpoint,
        knowledge_base_id=knowledge.id,
        grafana_password=configuration.grafana_password(),
    )
    ends = deploy.declare(catalogue, mode)
    aws_outputs = CopilotAwsOutputs(
        region=settings.region,
        copilot_dsql_endpoint=cluster.endpoint,
        copilot_dsql_database=DATABASE,
        copilot_dsql_cluster_identifier=cluster.identifier,
        copilot_dsql_cluster_arn=cluster.arn,
        knowledge_base_id=knowledge.id,
        knowledge_base_arn=knowledge.arn,
        data_source_id=knowledge.data_source_id,
        kb_source_bucket=knowledge.source_bucket,
        kb_vectors_bucket=knowledge.vectors_bucket,
        kb_index_arn=knowledge.index_arn,
    )
    deploy.export(catalogue, ends, aws_outputs)


def _shared_endpoint(settings: CopilotSettings) -> str | pulumi.Output[str]:
    """Endpoint of the monitored cluster's database: the setting, or that of the stack `dev`."""
    if settings.shared_dsql_endpoint:
        return settings.shared_dsql_endpoint
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/dev"
    outputs = _read_outputs(name)
    if _SHARED_OUTPUT not in outputs:
        raise pulumi.RunError(f"the stack dev has no Aurora DSQL cluster yet: {_DEV_FIRST}")
    if outputs["region"] != settings.region:
        raise pulumi.RunError(
            f"the stack dev is in {outputs['region']}, and this stack's region is"
            f" {settings.region}: set both to the same region"
        )
    return pulumi.StackReference(name).require_output(_SHARED_OUTPUT)


def _read_outputs(stack: str) -> dict[str, str]:
    """Another stack's outputs, at once. Raises pulumi.RunError where the stack does not exist."""
    try:
        # A StackReference to a missing stack would end the run with "unknown stack" alone.
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack})
    except Exception as error:
        if "unknown stack" not in str(error):
            raise
        raise pulumi.RunError(f"the stack {stack} does not exist yet: {_DEV_FIRST}") from error
    outputs: dict[str, str] = answer.value["outputs"]
    return outputs
