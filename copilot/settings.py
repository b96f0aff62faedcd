"""The Copilot's settings, read from the environment and validated together."""

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, TypeVar

from pydantic import (
    AliasGenerator,
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from copilot import claude
from copilot.errors import SettingsError
from copilot.setting_groups import (
    CanarySettings,
    CycleSettings,
    ModelBudget,
    SourceSettings,
    StoreSettings,
    variable,
)
from copilot.setting_types import Address, Identifier, Model, OptionalModel

T = TypeVar("T", bound=BaseSettings)
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
