"""The catalogue of each stack that runs containers."""

from components.inputs import NOT_KNOWN_YET, StringInput
from copilot.settings import ModelBudget
from stacks.catalogue import elasticsearch
from stacks.catalogue.aws_access import caller_access
from stacks.catalogue.catalogue import Catalogue, assemble
from stacks.catalogue.copilot import variables_of
from stacks.catalogue.dsql import Dsql
from stacks.catalogue.elasticsearch import Elasticsearch
from stacks.catalogue.images import image_name
from stacks.catalogue.postgresql import PostgreSQL
from stacks.settings import (
    ContainerSettings,
    CopilotSettings,
    ElasticsearchSettings,
    LocalSettings,
)


def catalogue_for(settings: ContainerSettings) -> Catalogue:
    """What a stack with these settings runs; values of a deployment are NOT_KNOWN_YET."""
    match settings:
        case CopilotSettings():
            return copilot_catalogue(settings)
        case LocalSettings():
            return local_catalogue(settings)
        case _:
            raise TypeError(f"{type(settings).__name__} has no catalogue")


def fullest_catalogue(model: type[ContainerSettings]) -> Catalogue:
    """What a stack with these settings can run: with everything that is optional."""
    if issubclass(model, LocalSettings):
        return local_catalogue(model(visibility="elasticsearch"))
    return catalogue_for(model())


def local_catalogue(
    settings: LocalSettings,
    *,
    database_password: StringInput = NOT_KNOWN_YET,
    grafana_password: StringInput = NOT_KNOWN_YET,
) -> Catalogue:
    """The stack `local`: PostgreSQL; knowledge and explanations are the Copilot's own."""
    stores = PostgreSQL(
        database_password,
        settings.sql_max_conns,
        settings.copilot_sql_max_conns,
        _elasticsearch(settings) if settings.visibility == "elasticsearch" else None,
    )
    return assemble(settings, stores, knowledge={}, grafana_password=grafana_password)


def copilot_catalogue(
    settings: CopilotSettings,
    *,
    monitored_endpoint: StringInput = NOT_KNOWN_YET,
    copilot_endpoint: StringInput = NOT_KNOWN_YET,
    knowledge_base_id: StringInput = NOT_KNOWN_YET,
    grafana_password: StringInput = NOT_KNOWN_YET,
) -> Catalogue:
    """The stack `copilot`: Aurora DSQL, a Bedrock knowledge base, models."""
    stores = Dsql(
        monitored_endpoint=monitored_endpoint,
        copilot_endpoint=copilot_endpoint,
        access=caller_access(settings.region),
        schema_version=settings.dsql_schema_version,
        sql_max_conns=settings.sql_max_conns,
        copilot_sql_max_conns=settings.copilot_sql_max_conns,
        reservoir_target=settings.reservoir_target,
        elasticsearch=_elasticsearch(settings),
    )
    knowledge = {
        **variables_of(settings, ModelBudget),
        "COPILOT_DEEP_MODEL": settings.effective_deep_model,
        "COPILOT_KNOWLEDGE_BASE_ID": knowledge_base_id,
        "COPILOT_MODEL": settings.effective_model,
    }
    return assemble(settings, stores, knowledge=knowledge, grafana_password=grafana_password)


def _elasticsearch(settings: ElasticsearchSettings) -> Elasticsearch:
    return Elasticsearch(
        image=image_name("elasticsearch", settings.images),
        port=settings.port(elasticsearch.NAME, elasticsearch.PORT),
        ulimits={"memlock": settings.ulimits.memlock, "nofile": settings.ulimits.nofile},
    )
