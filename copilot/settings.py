"""The Copilot's settings: declared here once, read from the environment, validated together.

The stacks inherit the groups that they pass on: CycleSettings, CanarySettings, ModelBudget and
SourceSettings.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, TypeVar

from pydantic import (
    AliasGenerator,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from copilot import claude
from copilot.access.settings import HttpAccess, MetricsAccess, TemporalAccess
from copilot.clusters.labels import DEFAULT as DEFAULT_LABELS
from copilot.clusters.labels import LabelMapping
from copilot.errors import SettingsError
from copilot.setting_types import (
    Address,
    HostName,
    Identifier,
    Label,
    Model,
    Names,
    OptionalModel,
    OptionalUrl,
    Region,
    Url,
)

T = TypeVar("T", bound=BaseSettings)
_OTHER_NAMES = {
    "loki_url": "LOKI_URL",
    "monitored_address": "MONITORED_TEMPORAL_ADDRESS",
    "monitored_namespaces": "MONITORED_NAMESPACES",
    "prometheus_endpoint": "PROMETHEUS_ENDPOINT",
}


def variable(field: str) -> str:
    """The environment variable of a field whose declaration names none."""
    return _OTHER_NAMES.get(field, f"COPILOT_{field.upper()}")


class StoreSettings(BaseModel):
    """Where the Copilot's own store is: PostgreSQL or Aurora DSQL."""

    database_url: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL URL of the Copilot's own store,"
        " postgresql://user:password@host:port/database; this or COPILOT_DSQL_HOST is required",
    )
    aws_region: Region = Field(
        "",
        validation_alias="AWS_REGION",
        description="region of Aurora DSQL and of Bedrock; required with either",
    )
    dsql_host: HostName = Field(
        "",
        description="endpoint of the Aurora DSQL cluster to use as the store instead;"
        " each connection signs in with a fresh IAM token",
    )
    dsql_database: str = Field(
        "postgres", min_length=1, description="database of the Aurora DSQL cluster"
    )


class CycleSettings(BaseModel):
    """When the cluster is evaluated and over which windows; seconds."""

    scrape_seconds: float = Field(
        15.0,
        gt=0,
        description="scrape interval of the metrics store;"
        " a sample older than two intervals and a cycle is stale",
    )
    cycle_seconds: float = Field(30.0, ge=1, le=300, description="time between two verdicts")
    short_window_seconds: int = Field(
        60, ge=4, validate_default=True, description="window of rates, of at least two scrapes"
    )
    long_window_seconds: int = Field(
        300,
        ge=4,
        validate_default=True,
        description="window of quantiles, at least as long as the window of rates",
    )

    # A field that is wrong by itself is missing in `info.data`.
    @field_validator("short_window_seconds")
    @classmethod
    def _holds_two_samples(cls, value: int, info: ValidationInfo) -> int:
        # A rate needs two samples; with fewer, every reading is missing.
        if value < 2 * info.data.get("scrape_seconds", 0):
            raise ValueError(f"must be at least twice {cls._setting('scrape_seconds')}")
        return value

    @field_validator("long_window_seconds")
    @classmethod
    def _is_the_longer_window(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("short_window_seconds", 0):
            raise ValueError(f"must not be shorter than {cls._setting('short_window_seconds')}")
        return value

    @classmethod
    def _setting(cls, field: str) -> str:
        return str(cls.model_fields[field].validation_alias or field)


class CanarySettings(BaseModel):
    """Whether the Copilot runs workflows of its own on the monitored cluster."""

    canary: Literal["on", "off"] = Field(
        "on",
        description="on: the worker runs small workflows of its own on the monitored cluster, in"
        " namespace copilot-canary, and measures them; off: it only reads there",
    )


class SourceSettings(BaseModel):
    """Where the monitored cluster's frontend, metrics and logs are, and how to sign in there."""

    cluster: Label = Field(
        "monitored",
        description="name of the monitored cluster; the value of its label `cluster`, unless"
        " matchers are set",
    )
    monitored_address: Address = Field(
        "127.0.0.1:7233",
        description="host:port of the monitored cluster's frontend",
    )
    monitored_namespaces: Names = Field(
        ("default",),
        min_length=1,
        description="namespaces whose task queues are described, separated by commas; `*` is all of"
        " them, and `team-*` those whose names begin so",
    )
    prometheus_endpoint: Url = Field(
        "http://127.0.0.1:9009/prometheus",
        description="base URL of the metrics store, without /api/v1",
    )
    loki_url: OptionalUrl = Field(
        "",
        description="base URL of Loki, without /loki/api/v1; empty: verdicts without logs",
    )
    labels: LabelMapping = Field(DEFAULT_LABELS, description="labels")
    metrics: MetricsAccess = Field(MetricsAccess(), description="metrics store")
    logs: HttpAccess = Field(HttpAccess(), description="Loki")
    monitored: TemporalAccess = Field(TemporalAccess(), description="monitored cluster's frontend")


class ModelBudget(BaseModel):
    """How much language models may be used, for all clusters of one store together."""

    model_calls_per_hour: int = Field(12, ge=0, description="most calls of models in any hour")
    model_tokens_per_day: int = Field(
        300_000, ge=0, description="most tokens, input and output, that models may use in a UTC day"
    )


_ENVIRONMENT = SettingsConfigDict(
    frozen=True,
    case_sensitive=True,
    extra="ignore",
    # COPILOT_MONITORED_CA_FILE is the field `ca_file` of the field `monitored`.
    env_nested_delimiter="_",
    env_nested_max_split=1,
    alias_generator=AliasGenerator(validation_alias=variable),
)


class Sources(SourceSettings, BaseSettings):
    """The variables of one cluster's sources, for commands that need no store."""

    model_config = _ENVIRONMENT


class Settings(
    ModelBudget, CanarySettings, SourceSettings, CycleSettings, StoreSettings, BaseSettings
):
    """Every variable that worker and API read. Durations are seconds."""

    model_config = _ENVIRONMENT

    temporal_address: Address = Field(
        "127.0.0.1:7243",
        validation_alias="TEMPORAL_ADDRESS",
        description="host:port of the Copilot's own Temporal",
    )
    temporal_namespace: str = Field(
        "default",
        validation_alias="TEMPORAL_NAMESPACE",
        min_length=1,
        description="namespace of the Copilot's workflows",
    )
    task_queue: str = Field(
        "copilot-task-queue", min_length=1, description="task queue of the Copilot's workers"
    )
    clusters_folder: str = Field(
        "",
        description="folder with a file `*.yaml` for each monitored cluster, instead of the"
        " variables that describe one cluster here; files may change while the Copilot runs",
    )
    model: Model = Field(
        "none",
        description=f"language model that explains, provider:model (such as {claude.EXAMPLE}), or"
        " none: templates explain",
    )
    deep_model: OptionalModel = Field(
        "",
        description="language model that explains a critical state and a state with many fired"
        " rules; empty: the same model",
    )
    knowledge_base_id: Identifier = Field(
        "",
        description="Bedrock knowledge base with the passages for explanations; when it is empty or"
        " finds nothing, the Copilot ranks its own documents",
    )
    query_concurrency: int = Field(
        8, ge=1, le=64, description="metric queries of one cluster that run at the same time"
    )
    query_timeout_seconds: float = Field(
        5.0, gt=0, le=20, description="time limit of one query of metrics or logs"
    )
    max_queues: int = Field(
        200,
        ge=1,
        le=800,  # 20 cycles that wait for the store are one payload, of 2 MB at most
        description="task queues described in a cycle, at most 800; of more, those with late tasks"
        " and the busiest come first, the others in turn",
    )
    api_host: str = Field("127.0.0.1", description="address that the API listens on")
    api_port: int = Field(8081, ge=1, le=65535, description="port of API and page")
    worker_host: str = Field(
        "127.0.0.1", description="address that the worker's health and metrics listen on"
    )
    worker_port: int = Field(
        8083, ge=1, le=65535, description="port of the worker's health and metrics"
    )
    snapshot_retention_days: int = Field(
        7, ge=1, description="days that cycles with their snapshots are kept"
    )
    history_retention_days: int = Field(
        90, ge=1, description="days that state changes, closed issues and assessments are kept"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )

    @field_validator("dsql_host")
    @classmethod
    def _is_the_only_store(cls, value: str, info: ValidationInfo) -> str:
        # `load` reports a missing store, together with the problems of the other settings.
        url = info.data.get("database_url")
        if value and url and url.get_secret_value():
            raise ValueError("this and COPILOT_DATABASE_URL name two stores: set one of them")
        return value

    @field_validator("dsql_host", "knowledge_base_id", "model", "deep_model")
    @classmethod
    def _has_a_region(cls, value: str, info: ValidationInfo) -> str:
        is_model = info.field_name in {"model", "deep_model"}
        is_in_aws = value.startswith("bedrock:") if is_model else bool(value)
        if is_in_aws and info.data.get("aws_region") == "":
            raise ValueError("needs AWS_REGION")
        return value

    @field_validator("deep_model")
    @classmethod
    def _needs_a_model(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("model") == "none":
            raise ValueError("needs COPILOT_MODEL, which is none")
        return value

    @property
    def stale_after_seconds(self) -> float:
        """Age at which a sample does not describe the present: two scrapes and a cycle."""
        return 2 * self.scrape_seconds + self.cycle_seconds

    @property
    def unknown_after_seconds(self) -> float:
        """Age at which a decision is served as unknown: three cycles (90 s by default)."""
        return 3 * self.cycle_seconds


def variables(*groups: type[BaseModel]) -> dict[str, tuple[str, object]]:
    """Name of each variable, or of each of these groups, with its description and default."""
    wanted = {name for group in groups or (Settings,) for name in group.model_fields}
    found = {}
    for key, field in Settings.model_fields.items():
        if key not in wanted:
            continue
        name, description = str(field.validation_alias), field.description or ""
        if not isinstance(field.default, BaseModel):
            found[name] = (description, field.default)
            continue
        for nested in type(field.default).model_fields.values():
            found[f"{name}_{nested.validation_alias}"] = (
                f"{description}: {nested.description}",
                "" if nested.default is None else nested.default,
            )
    return found


def load() -> Settings:
    """Read the environment. Raises SettingsError with every problem at once."""
    problems = [*_unknown_variables()]
    if os.environ.get("COPILOT_CLUSTERS_FOLDER"):
        problems += [
            f"{name}: is not used with COPILOT_CLUSTERS_FOLDER: write it in a cluster's file"
            for name in variables(SourceSettings, CanarySettings)
            if os.environ.get(name)
        ]
    if not (os.environ.get("COPILOT_DATABASE_URL") or os.environ.get("COPILOT_DSQL_HOST")):
        meaning, _ = variables()["COPILOT_DATABASE_URL"]
        problems.append(f"COPILOT_DATABASE_URL: is required: {meaning}")
    return _read(Settings, {}, problems)


def load_sources(given: Mapping[str, str]) -> Sources:
    """Read the sources' variables; `given` replaces some. Raises SettingsError as `load` does."""
    return _read(Sources, given, [*_unknown_variables()])


def _unknown_variables() -> Iterator[str]:
    known = variables()
    for name in sorted(os.environ):
        if name.startswith("COPILOT_") and name not in known:
            close = get_close_matches(name, known, n=1)
            yield f"{name}: no such variable" + (f", did you mean {close[0]}?" if close else "")


def _read(model: Callable[..., T], given: Mapping[str, str], problems: list[str]) -> T:
    settings = None
    try:
        settings = model(**given)
    except ValidationError as error:
        # Of a wrong default, pydantic reports the field instead of its variable.
        names = {name: str(field.validation_alias) for name, field in Settings.model_fields.items()}
        for item in error.errors():
            if item["type"] == "extra_forbidden":
                continue  # reported as unknown
            first, *nested = map(str, item["loc"])
            name = "_".join((names.get(first, first), *nested))
            problems.append(f"{name}: {item['msg'].removeprefix('Value error, ')}")
    except SourceError:
        pass  # A whole group as JSON, such as COPILOT_MONITORED; reported as unknown.
    if settings is None or problems:
        raise SettingsError("wrong settings: " + "; ".join(problems))
    return settings


def as_markdown() -> str:
    """The table of all variables: the text of `docs/settings.md`."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, (description, default) in variables().items():
        shown = ",".join(default) if isinstance(default, tuple) else str(default)
        lines.append(f"| `{name}` | {f'`{shown}`' if shown else 'none'} | {description} |")
    return "# Settings of the Copilot\n\nWorker and API read these from the environment.\n\n" + (
        "\n".join(lines) + "\n"
    )
