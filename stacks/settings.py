"""The settings of each stack. Those of the Copilot are in `copilot.setting_groups`."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from copilot import claude
from copilot.setting_groups import CanarySettings, CycleSettings, ModelBudget
from copilot.setting_types import Model, OptionalModel
from stacks.setting_types import (
    AwsRegion,
    DsqlEndpoint,
    ImageName,
    Megabytes,
    Namespaces,
    Port,
    ProjectName,
    ProxyException,
    ProxyUrl,
    SchemaVersion,
    ScrapeAddress,
)

NEW_NAMESPACE_RETENTION_DAYS = 3
"""Retention of a new namespace while `namespace_retention_days` is not set."""


class StackSettings(BaseModel):
    """The part that all stacks' settings have in common. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    stack: ClassVar[str]
    """Name of the stack."""
    secrets: ClassVar[Mapping[str, str]] = {}
    """Descriptions of the keys to set with `pulumi config set --secret`; not fields."""


@dataclass(frozen=True)
class OverridableNames:
    """The names of the catalogue that `ports`, `memory` and `images` may override."""

    ports: frozenset[str] = field(default_factory=frozenset)
    memory: frozenset[str] = field(default_factory=frozenset)
    images: frozenset[str] = field(default_factory=frozenset)


class Ulimits(BaseModel):
    """Limits of Elasticsearch's container, for an engine whose hard limits are lower."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    memlock: int = Field(-1, ge=-1, description="bytes; -1 is unlimited")
    nofile: int = Field(65536, ge=4096, description="open files")


class AwsSettings(StackSettings):
    """Settings of the stacks with resources in AWS."""

    project_name: ProjectName = Field("temporal-dev", description="prefix of names in AWS")
    region: AwsRegion = Field("eu-west-1", description="AWS region of the stack's resources")


class ContainerSettings(CanarySettings, CycleSettings, StackSettings):
    """Settings of the stacks that run containers.

    Validated in the context of OverridableNames, unknown names are refused.
    """

    images: dict[str, ImageName] = Field(
        default_factory=dict, description="images to use instead of the pinned ones, by key"
    )
    ports: dict[str, Port] = Field(
        default_factory=dict, description="ports of 127.0.0.1 to use instead, by name"
    )
    memory: dict[str, Megabytes] = Field(
        default_factory=dict, description="memory limits to use instead, in MB, by service"
    )
    history_shards: int = Field(
        4, ge=1, le=16384, description="history shards of each cluster here; fixed once it exists"
    )
    copilot_sql_max_conns: int = Field(
        10, ge=5, le=1000, description="connections of the Copilot's own Temporal to its store"
    )
    namespace_retention_days: int | None = Field(
        None,
        ge=1,
        le=90,
        description="retention of closed workflows, also in namespaces that exist;"
        f" not set: {NEW_NAMESPACE_RETENTION_DAYS} in new ones, and no change in others",
    )
    # In whole seconds, and for scrapes within limits that Alloy can keep.
    scrape_seconds: int = Field(15, ge=1, le=60, description="interval of metric scrapes")
    cycle_seconds: int = Field(30, ge=1, le=300, description="time between two verdicts")
    log_level: Literal["debug", "info", "warn", "error"] = Field(
        "info", description="log level of Temporal and the Copilot"
    )
    proxy: ProxyUrl | None = Field(
        None, description="HTTP proxy through which containers and image builds reach the internet"
    )
    no_proxy: tuple[ProxyException, ...] = Field(
        (), description="what they reach without the proxy, beside each other and private addresses"
    )
    ca_file: Path | None = Field(
        None,
        description="PEM file of CA certificates, such as a company's, that containers and image"
        " builds trust beside the public ones",
    )
    keep_volumes: bool = Field(
        False,
        description="whether `destroy` leaves the volumes; takes effect with the next `up`",
    )

    def port(self, name: str, default: int) -> int:
        """The port of 127.0.0.1 with this name."""
        return self.ports.get(name, default)

    @field_validator("ca_file")
    @classmethod
    def _has_certificates(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        file = value.expanduser().absolute()
        try:
            ssl.create_default_context(cafile=str(file))
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{file} has no CA certificates in PEM form ({error})") from error
        return file

    @field_validator("ports", "memory", "images")
    @classmethod
    def _has_known_names(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if isinstance(info.context, OverridableNames):
            known: frozenset[str] = getattr(info.context, str(info.field_name))
            unknown = [no_such_name(name, known) for name in sorted(value) if name not in known]
            if unknown:
                raise ValueError("; ".join(unknown))
        return value


class EnvironmentSettings(ContainerSettings):
    """Settings of the stacks that run the monitored cluster too, with all around it."""

    secrets: ClassVar[Mapping[str, str]] = {
        # Grafana stores it in its volume at its first start.
        "grafana_password": "password of Grafana's admin, by default admin;"
        " set it before the first `up`",
    }

    sql_max_conns: int = Field(
        50, ge=5, le=1000, description="connections of a monitored Temporal service to its store"
    )
    monitored_namespaces: Namespaces = Field(
        ("default",),
        min_length=1,
        description="namespaces of the monitored cluster to register and watch",
    )
    worker_targets: tuple[ScrapeAddress, ...] = Field(
        (),
        description="host:port of your workers' SDK metrics, as containers reach them;"
        " this machine is host.docker.internal",
    )
    ulimits: Ulimits = Field(default_factory=Ulimits, description="limits of Elasticsearch")


DATABASE_PASSWORD: Mapping[str, str] = {
    "database_password": "password of PostgreSQL, by default random; set it before the first `up`",
}
"""The secret of the stacks whose store is PostgreSQL."""


class LocalSettings(EnvironmentSettings):
    """Settings of the stack `local`."""

    stack: ClassVar[str] = "local"
    secrets: ClassVar[Mapping[str, str]] = {**EnvironmentSettings.secrets, **DATABASE_PASSWORD}

    visibility: Literal["sql", "elasticsearch"] = Field(
        "sql",
        description="store of Temporal's lists of workflows: PostgreSQL, or Elasticsearch as in the"
        " stack copilot; a change hides the workflows that the other store lists",
    )


class CopilotSettings(EnvironmentSettings, AwsSettings, ModelBudget):
    """Settings of the stack `copilot`."""

    stack: ClassVar[str] = "copilot"
    shared_dsql_endpoint: DsqlEndpoint | None = Field(
        None, description="endpoint of an Aurora DSQL cluster to use instead of the stack `dev`"
    )
    temporal_source: Path | None = Field(
        None, description="checkout of the DSQL fork of Temporal to build its image from"
    )
    temporal_arch: Literal["amd64", "arm64"] | None = Field(
        None, description="architecture of that image, by default this machine's"
    )
    dsql_schema_version: SchemaVersion = Field(
        "1.1",
        description="version of Temporal's schema on Aurora DSQL that the fork's server needs",
    )
    model: Model | None = Field(
        None,
        description="model that writes explanations, as provider:model, or none;"
        " by default Claude on Bedrock",
    )
    deep_model: OptionalModel | None = Field(
        None,
        description="model for critical states and for many fired rules; by default the same,"
        " or a larger Claude where model is not set either",
    )
    reservoir_target: int = Field(
        50, ge=1, le=1000, description="connections that a monitored Temporal process keeps ready"
    )

    @field_validator("deep_model")
    @classmethod
    def _has_a_model_beside_it(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("model") == "none":
            raise ValueError("needs model, which is none")
        return value

    @property
    def effective_model(self) -> str:
        """The model that writes explanations, or none."""
        return self.model or claude.quick_model(self.region)

    @property
    def effective_deep_model(self) -> str:
        """The model for critical states; empty where it is the same."""
        return self.deep_model or ("" if self.model else claude.deep_model(self.region))

    @field_validator("temporal_source")
    @classmethod
    def _is_a_checkout(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        folder = value.expanduser().absolute()
        if not (folder / "cmd" / "tools" / "dsql").is_dir():
            raise ValueError(
                f"{folder} is not a checkout of the DSQL fork of Temporal: it has no cmd/tools/dsql"
            )
        return folder

    @field_validator("shared_dsql_endpoint")
    @classmethod
    def _is_in_the_region(cls, value: str | None, info: ValidationInfo) -> str | None:
        region = info.data.get("region")
        if value and region and value.split(".")[2] != region:
            raise ValueError(f"is in {value.split('.')[2]}, and region is {region}")
        return value


class DevSettings(AwsSettings):
    """Settings of the stack `dev`."""

    stack: ClassVar[str] = "dev"
    dynamodb_tables: bool = Field(
        False,
        description="whether to create the tables through which services share connection limits",
    )
    protected: bool = Field(
        True, description="whether Pulumi and AWS refuse to delete the stack's resources"
    )


def problems(error: ValidationError, model: type[StackSettings]) -> Iterator[str]:
    """Each wrong setting of the model: its name, and what is wrong."""
    for item in error.errors(include_url=False):
        name = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
            yield no_such_name(name, {*model.model_fields, *model.secrets})
            continue
        what = item["msg"].removeprefix("Value error, ")
        yield f"{name}: {what}" if name else what


def no_such_name(name: str, known: Iterable[str]) -> str:
    """The message for an unknown name, with the closest known one or all of them."""
    close = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else f"use {', '.join(sorted(known))}"
    return f"{name}: no such name, {hint}"
