"""Groups of settings: those that the stacks pass on, and those of one monitored cluster."""

from typing import Literal

from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from copilot.access.settings import HttpAccess, MetricsAccess, TemporalAccess
from copilot.clusters.labels import DEFAULT as DEFAULT_LABELS
from copilot.clusters.labels import LabelMapping
from copilot.setting_types import (
    Address,
    HostName,
    Label,
    Names,
    OptionalUrl,
    Region,
    Url,
)

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
