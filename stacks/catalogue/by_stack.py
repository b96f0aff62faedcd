"""The catalogue of each stack that runs containers."""

from collections.abc import Mapping
from types import MappingProxyType

from components.inputs import NOT_KNOWN_YET, StringInput
from copilot.setting_groups import ModelBudget
from stacks.catalogue import elasticsearch
from stacks.catalogue.alloy import alloy
from stacks.catalogue.aws_access import caller_access
from stacks.catalogue.catalogue import Catalogue, assemble
from stacks.catalogue.copilot import Copilot, variables_of
from stacks.catalogue.dsql import Dsql
from stacks.catalogue.elasticsearch import Elasticsearch
from stacks.catalogue.grafana import grafana
from stacks.catalogue.images import image_name
from stacks.catalogue.postgresql import PostgreSQL
from stacks.catalogue.sources import own_sources, watched_sources
from stacks.catalogue.stores import Stores
from stacks.catalogue.telemetry import loki, mimir
from stacks.catalogue.temporal import BothTemporals, CopilotTemporal
from stacks.outputs import (
    CopilotStoreOutputs,
    ServerOutputs,
    WatchedClusterOutputs,
    WatchedClustersOutputs,
)
from stacks.settings import (
    ContainerSettings,
    CopilotSettings,
    EnvironmentSettings,
    LocalSettings,
)
from stacks.watch_settings import WatchSettings

_NO_SECRETS: Mapping[str, StringInput] = MappingProxyType({})


def catalogue_for(settings: ContainerSettings) -> Catalogue:
    """What a stack with these settings runs; values of a deployment are NOT_KNOWN_YET."""
    match settings:
        case CopilotSettings():
            return copilot_catalogue(settings)
        case LocalSettings():
            return local_catalogue(settings)
        case WatchSettings():
            return watch_catalogue(settings)
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
    return _environment(settings, stores, knowledge={}, grafana_password=grafana_password)


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
    return _environment(settings, stores, knowledge=knowledge, grafana_password=grafana_password)


def watch_catalogue(
    settings: WatchSettings,
    *,
    database_password: StringInput = NOT_KNOWN_YET,
    secrets: Mapping[str, StringInput] = _NO_SECRETS,
) -> Catalogue:
    """The stack `watch`: the Copilot alone, on PostgreSQL; `secrets` of access by their key.

    Raises ValueError where settings and secrets do not fit together.
    """
    stores = PostgreSQL(database_password, 0, settings.copilot_sql_max_conns)
    temporal = CopilotTemporal(settings, stores)
    copilot = Copilot(settings, stores, watched_sources(settings, secrets), knowledge={})
    schemas = (one for one in stores.jobs if one.name in stores.copilot_temporal.needs)
    return assemble(
        settings,
        services=(*stores.services, *temporal.services(), *copilot.services()),
        jobs=(*schemas, *temporal.jobs(), *copilot.jobs(), copilot.sources_job()),
        outputs=(
            CopilotStoreOutputs(copilot_sql_host=stores.copilot.host),
            _watched_outputs(settings),
        ),
    )


def _watched_outputs(settings: WatchSettings) -> WatchedClusterOutputs | WatchedClustersOutputs:
    if settings.clusters_folder:
        return WatchedClustersOutputs(clusters_folder=str(settings.clusters_folder))
    return WatchedClusterOutputs(
        monitored_cluster=settings.cluster,
        monitored_temporal_address=settings.monitored_address,
        metrics_url=settings.prometheus_endpoint,
        logs_url=settings.loki_url,
    )


def _environment(
    settings: EnvironmentSettings,
    stores: Stores,
    *,
    knowledge: Mapping[str, StringInput],
    grafana_password: StringInput,
) -> Catalogue:
    """The monitored cluster with metrics, logs and Grafana, and the Copilot.

    `knowledge` is the Copilot's environment for knowledge and model.
    """
    temporal = BothTemporals(settings, stores)
    copilot = Copilot(settings, stores, own_sources(settings), knowledge)
    watched = (*stores.services, *temporal.services(), *copilot.services())
    servers = ServerOutputs(
        temporal_history_shards=str(settings.history_shards),
        temporal_log_level=settings.log_level,
        temporal_image=image_name(stores.server_image, settings.images),
    )
    return assemble(
        settings,
        services=(
            *watched,
            mimir(settings),
            loki(settings),
            alloy(settings, watched),
            grafana(settings, stores.access, stores.dashboard, grafana_password),
        ),
        jobs=(*stores.jobs, *temporal.jobs(), *copilot.jobs()),
        outputs=(stores.outputs, servers),
    )


def _elasticsearch(settings: EnvironmentSettings) -> Elasticsearch:
    return Elasticsearch(
        image=image_name("elasticsearch", settings.images),
        port=settings.port(elasticsearch.NAME, elasticsearch.PORT),
        ulimits={"memlock": settings.ulimits.memlock, "nofile": settings.ulimits.nofile},
    )
