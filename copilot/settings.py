"""The Copilot's settings: read once, from the environment only, validated together."""

import os
from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from copilot.errors import SettingsError


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """Every variable that worker and API read. Durations are seconds."""

    model_config = SettingsConfigDict(frozen=True, case_sensitive=True, extra="ignore")

    database_url: SecretStr = Field(
        SecretStr(""),
        validation_alias="COPILOT_DATABASE_URL",
        description="PostgreSQL URL of the Copilot's own store,"
        " postgresql://user:password@host:port/database; this or COPILOT_DSQL_HOST is required",
    )
    dsql_host: str = Field(
        "",
        validation_alias="COPILOT_DSQL_HOST",
        description="endpoint of the Aurora DSQL cluster that is the store instead;"
        " each connection signs in with a fresh IAM token",
        pattern=r"^[A-Za-z0-9.-]*$",
    )
    dsql_database: str = Field(
        "postgres",
        validation_alias="COPILOT_DSQL_DATABASE",
        description="database of that cluster",
        min_length=1,
    )
    aws_region: str = Field(
        "",
        validation_alias="AWS_REGION",
        description="region of that cluster and of Bedrock; required with either",
        pattern=r"^[a-z0-9-]*$",
    )
    cluster: str = Field(
        "monitored",
        validation_alias="COPILOT_CLUSTER",
        description="value of the `cluster` label to judge",
        pattern=r"^[A-Za-z0-9_.-]+$",
    )
    temporal_address: str = Field(
        "127.0.0.1:7243",
        validation_alias="TEMPORAL_ADDRESS",
        description="host:port of the Copilot's own Temporal",
        pattern=r"^[^\s/]+:\d+$",
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
    monitored_address: str = Field(
        "127.0.0.1:7233",
        validation_alias="MONITORED_TEMPORAL_ADDRESS",
        description="host:port of the monitored cluster's frontend",
        pattern=r"^[^\s/]+:\d+$",
    )
    monitored_namespaces: Names = Field(
        ("default",),
        validation_alias="MONITORED_NAMESPACES",
        description="namespaces whose task queues are asked for, by comma",
        min_length=1,
    )
    prometheus_endpoint: str = Field(
        "http://127.0.0.1:9009/prometheus",
        validation_alias="PROMETHEUS_ENDPOINT",
        description="base URL of the metrics store, without /api/v1",
        pattern=r"^https?://[^\s]+$",
    )
    loki_url: str = Field(
        "",
        validation_alias="LOKI_URL",
        description="base URL of Loki, without /loki/api/v1; empty: verdicts come without logs",
        pattern=r"^(https?://[^\s]+)?$",
    )
    model: str = Field(
        "none",
        validation_alias="COPILOT_MODEL",
        description="language model that explains, provider:model (such as"
        " bedrock:eu.anthropic.claude-sonnet-4-5-20250929-v1:0), or none: templates explain",
        pattern=r"^(none|[a-z0-9_-]+:\S+)$",
    )
    deep_model: str = Field(
        "",
        validation_alias="COPILOT_DEEP_MODEL",
        description="model that explains what is critical or has many gates fired; empty: the same",
        pattern=r"^([a-z0-9_-]+:\S+)?$",
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
    knowledge_base_id: str = Field(
        "",
        validation_alias="COPILOT_KNOWLEDGE_BASE_ID",
        description="Bedrock knowledge base that the passages of an explanation come from; empty,"
        " or when it has none to give: local ranking of the Copilot's own documents",
        pattern=r"^[A-Za-z0-9_-]*$",
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
        description="days that state changes and closed issues are kept",
        ge=1,
    )
    log_level: str = Field(
        "INFO",
        validation_alias="COPILOT_LOG_LEVEL",
        description="DEBUG, INFO, WARNING or ERROR",
        pattern=r"^(DEBUG|INFO|WARNING|ERROR)$",
    )

    @model_validator(mode="after")
    def _windows_hold_samples(self) -> Self:
        # A rate needs two samples in its window, or every reading is missing.
        if self.short_window_seconds < 2 * self.scrape_seconds:
            raise ValueError(
                "COPILOT_SHORT_WINDOW_SECONDS must be at least twice COPILOT_SCRAPE_SECONDS"
            )
        if self.long_window_seconds < self.short_window_seconds:
            raise ValueError(
                "COPILOT_LONG_WINDOW_SECONDS must not be shorter than COPILOT_SHORT_WINDOW_SECONDS"
            )
        return self

    @model_validator(mode="after")
    def _one_store(self) -> Self:
        # That there is one at all is said in `load`, together with what is wrong elsewhere.
        if self.dsql_host and self.database_url.get_secret_value():
            raise ValueError(
                "COPILOT_DATABASE_URL and COPILOT_DSQL_HOST name two stores: set one of them"
            )
        return self

    @model_validator(mode="after")
    def _aws_has_a_region(self) -> Self:
        models = (self.model, self.deep_model)
        of_aws = {
            "COPILOT_DSQL_HOST": self.dsql_host,
            "COPILOT_KNOWLEDGE_BASE_ID": self.knowledge_base_id,
            "a model of Bedrock": any(name.startswith("bedrock:") for name in models),
        }
        users = [name for name, value in of_aws.items() if value]
        if users and not self.aws_region:
            raise ValueError(f"AWS_REGION: is required with {' and '.join(users)}")
        return self

    @model_validator(mode="after")
    def _deep_is_one_of_two(self) -> Self:
        if self.deep_model and self.model == "none":
            raise ValueError("COPILOT_DEEP_MODEL: needs COPILOT_MODEL, which is none")
        return self

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
            where = ".".join(str(part) for part in item["loc"][:1])
            what = item["msg"].removeprefix("Value error, ")
            problems.append(f"{where}: {what}" if where else what)
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
