"""The Copilot's settings: read once, from the environment only, validated together."""

import os
from difflib import get_close_matches
from typing import Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

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


class Settings(BaseSettings):
    """Every variable that worker and API read. Durations are seconds."""

    model_config = SettingsConfigDict(frozen=True, case_sensitive=True, extra="ignore")

    database_url: SecretStr = Field(
        SecretStr(""),
        validation_alias="COPILOT_DATABASE_URL",
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
        validation_alias="COPILOT_DSQL_HOST",
        description="endpoint of the Aurora DSQL cluster that is the store instead;"
        " each connection signs in with a fresh IAM token",
    )
    dsql_database: str = Field(
        "postgres",
        validation_alias="COPILOT_DSQL_DATABASE",
        description="database of that cluster",
        min_length=1,
    )
    cluster: Label = Field(
        "monitored",
        validation_alias="COPILOT_CLUSTER",
        description="value of the `cluster` label to judge",
    )
    temporal_address: Address = Field(
        "127.0.0.1:7243",
        validation_alias="TEMPORAL_ADDRESS",
        description="host:port of the Copilot's own Temporal",
    )
    temporal_namespace: str = Field(
        "default",
        validation_alias="TEMPORAL_NAMESPACE",
        description="namespace of the Copilot's workflows",
        min_length=1,
    )
    task_queue: str = Field(
        "copilot-task-queue",
        validation_alias="COPILOT_TASK_QUEUE",
        description="task queue of the Copilot's worker",
        min_length=1,
    )
    monitored_address: Address = Field(
        "127.0.0.1:7233",
        validation_alias="MONITORED_TEMPORAL_ADDRESS",
        description="host:port of the monitored cluster's frontend",
    )
    monitored_namespaces: Names = Field(
        ("default",),
        validation_alias="MONITORED_NAMESPACES",
        description="namespaces whose task queues are asked for, by comma",
        min_length=1,
    )
    prometheus_endpoint: Url = Field(
        "http://127.0.0.1:9009/prometheus",
        validation_alias="PROMETHEUS_ENDPOINT",
        description="base URL of the metrics store, without /api/v1",
    )
    loki_url: OptionalUrl = Field(
        "",
        validation_alias="LOKI_URL",
        description="base URL of Loki, without /loki/api/v1; empty: verdicts come without logs",
    )
    model: Model = Field(
        "none",
        validation_alias="COPILOT_MODEL",
        description="language model that explains, provider:model (such as"
        " bedrock:eu.anthropic.claude-sonnet-4-5-20250929-v1:0), or none: templates explain",
    )
    deep_model: OptionalModel = Field(
        "",
        validation_alias="COPILOT_DEEP_MODEL",
        description="model that explains what is critical or has many gates fired; empty: the same",
    )
    model_calls_per_hour: int = Field(
        12,
        validation_alias="COPILOT_MODEL_CALLS_PER_HOUR",
        description="most calls of models in any hour",
        ge=0,
    )
    model_tokens_per_day: int = Field(
        300_000,
        validation_alias="COPILOT_MODEL_TOKENS_PER_DAY",
        description="most tokens, in and out, that models may take between midnights UTC",
        ge=0,
    )
    knowledge_base_id: Identifier = Field(
        "",
        validation_alias="COPILOT_KNOWLEDGE_BASE_ID",
        description="Bedrock knowledge base that the passages of an explanation come from; empty,"
        " or when it has none to give: local ranking of the Copilot's own documents",
    )
    cycle_seconds: float = Field(
        30.0,
        validation_alias="COPILOT_CYCLE_SECONDS",
        description="time from one verdict to the next",
        ge=1,
        le=300,
    )
    scrape_seconds: float = Field(
        15.0,
        validation_alias="COPILOT_SCRAPE_SECONDS",
        description="scrape interval of the metrics store; older than two of them is stale",
        gt=0,
    )
    short_window_seconds: int = Field(
        60, validation_alias="COPILOT_SHORT_WINDOW_SECONDS", description="window of rates", ge=4
    )
    long_window_seconds: int = Field(
        300, validation_alias="COPILOT_LONG_WINDOW_SECONDS", description="window of quantiles", ge=4
    )
    query_concurrency: int = Field(
        8,
        validation_alias="COPILOT_QUERY_CONCURRENCY",
        description="metric queries under way at once",
        ge=1,
        le=64,
    )
    query_timeout_seconds: float = Field(
        5.0,
        validation_alias="COPILOT_QUERY_TIMEOUT_SECONDS",
        description="time allowed to one query of metrics or logs",
        gt=0,
        le=20,
    )
    max_queues: int = Field(
        200,
        validation_alias="COPILOT_MAX_QUEUES",
        description="task queues asked in a cycle, busiest first",
        ge=1,
        le=1000,
    )
    api_host: str = Field(
        "127.0.0.1", validation_alias="COPILOT_API_HOST", description="address the API listens on"
    )
    api_port: int = Field(
        8081,
        validation_alias="COPILOT_API_PORT",
        description="port of API and page",
        ge=1,
        le=65535,
    )
    worker_host: str = Field(
        "127.0.0.1",
        validation_alias="COPILOT_WORKER_HOST",
        description="address of the worker's health and metrics",
    )
    worker_port: int = Field(
        8083,
        validation_alias="COPILOT_WORKER_PORT",
        description="port of the worker's health and metrics",
        ge=1,
        le=65535,
    )
    snapshot_retention_days: int = Field(
        7,
        validation_alias="COPILOT_SNAPSHOT_RETENTION_DAYS",
        description="days that cycles with their snapshots are kept",
        ge=1,
    )
    history_retention_days: int = Field(
        90,
        validation_alias="COPILOT_HISTORY_RETENTION_DAYS",
        description="days that state changes, closed issues and assessments are kept",
        ge=1,
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO",
        validation_alias="COPILOT_LOG_LEVEL",
        description="DEBUG, INFO, WARNING or ERROR",
    )

    # What is wrong by itself is not in `data`, and compared with nothing.
    @field_validator("short_window_seconds")
    @classmethod
    def _holds_two_samples(cls, value: int, info: ValidationInfo) -> int:
        # A rate needs them, or every reading is missing.
        if value < 2 * info.data.get("scrape_seconds", 0):
            raise ValueError("must be at least twice COPILOT_SCRAPE_SECONDS")
        return value

    @field_validator("long_window_seconds")
    @classmethod
    def _is_the_longer_one(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("short_window_seconds", 0):
            raise ValueError("must not be shorter than COPILOT_SHORT_WINDOW_SECONDS")
        return value

    @field_validator("dsql_host")
    @classmethod
    def _is_the_only_store(cls, value: str, info: ValidationInfo) -> str:
        # That there is one at all is said in `load`, together with what is wrong elsewhere.
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
    def _is_one_of_two(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("model") == "none":
            raise ValueError("needs COPILOT_MODEL, which is none")
        return value

    @property
    def stale_after_seconds(self) -> float:
        """A sample older than two scrapes and a cycle says nothing about now."""
        return 2 * self.scrape_seconds + self.cycle_seconds

    @property
    def unknown_after_seconds(self) -> float:
        """A decision older than three cycles is served as unknown (90 s at the default cadence)."""
        return 3 * self.cycle_seconds


def variables() -> dict[str, tuple[str, object]]:
    """Name of each variable, with its description and default."""
    return {
        str(field.validation_alias): (field.description or "", field.default)
        for field in Settings.model_fields.values()
    }


def load() -> Settings:
    """Read the environment. Raises SettingsError naming every problem at once."""
    known = variables()
    problems = []
    for name in sorted(os.environ):
        if name.startswith("COPILOT_") and name not in known:
            close = get_close_matches(name, known, n=1)
            problems.append(
                f"{name}: no such variable" + (f", did you mean {close[0]}?" if close else "")
            )
    if not (os.environ.get("COPILOT_DATABASE_URL") or os.environ.get("COPILOT_DSQL_HOST")):
        problems.append(f"COPILOT_DATABASE_URL: is required: {known['COPILOT_DATABASE_URL'][0]}")
    try:
        settings = Settings()
    except ValidationError as error:
        for item in error.errors():
            what = item["msg"].removeprefix("Value error, ")
            problems.append(f"{item['loc'][0]}: {what}")
        settings = None
    if settings is None or problems:
        raise SettingsError("wrong settings: " + "; ".join(problems))
    return settings


def as_markdown() -> str:
    """The table of all variables; `docs/settings.md` is this text."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, (description, default) in variables().items():
        shown = ",".join(default) if isinstance(default, tuple) else str(default)
        lines.append(f"| `{name}` | {f'`{shown}`' if shown else 'none'} | {description} |")
    return "# Settings of the Copilot\n\nWorker and API read these from the environment.\n\n" + (
        "\n".join(lines) + "\n"
    )
