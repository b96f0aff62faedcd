"""The stacks' settings: Pulumi's configuration, typed, with every problem in one message."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from stacks.setting_types import (
    Address,
    DsqlEndpoint,
    ImageName,
    Megabytes,
    Model,
    Namespace,
    Port,
    ProjectName,
    Region,
    SchemaVersion,
)

NEW_NAMESPACE_RETENTION_DAYS = 3
"""Of a namespace that is registered while `namespace_retention_days` is not set."""


class StackSettings(BaseModel):
    """What every stack's settings share. A key that no field names is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    secrets: ClassVar[Mapping[str, str]] = {}
    """Keys that are set with `pulumi config set --secret` and stay outside this model, described.
    """


@dataclass(frozen=True)
class Known:
    """The names in the service catalogue that `ports`, `memory` and `images` may override."""

    ports: frozenset[str] = field(default_factory=frozenset)
    memory: frozenset[str] = field(default_factory=frozenset)
    images: frozenset[str] = field(default_factory=frozenset)


class Ulimits(BaseModel):
    """Limits of Elasticsearch's container; an engine with lower hard limits needs lower ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    memlock: int = Field(-1, ge=-1, description="bytes; -1 is unlimited")
    nofile: int = Field(65536, ge=4096, description="open files")


class ContainerSettings(StackSettings):
    """Settings of the stacks that run containers."""

    secrets: ClassVar[Mapping[str, str]] = {
        # Grafana keeps it in its volume, with what was made in its page.
        "grafana_password": "password of Grafana's admin, admin where it is not set;"
        " set it before the first `up`",
    }

    images: dict[str, ImageName] = Field(
        default_factory=dict, description="other images than the pinned ones, by key"
    )
    ports: dict[str, Port] = Field(
        default_factory=dict, description="other ports of 127.0.0.1, by name"
    )
    memory: dict[str, Megabytes] = Field(
        default_factory=dict, description="other memory limits in MB, by service"
    )
    history_shards: int = Field(
        4, ge=1, le=16384, description="history shards of both clusters; fixed once they exist"
    )
    sql_max_conns: int = Field(
        50, ge=5, le=1000, description="connections of a monitored Temporal service to its store"
    )
    copilot_sql_max_conns: int = Field(
        10, ge=5, le=1000, description="connections of the Copilot's own Temporal to its store"
    )
    monitored_namespaces: tuple[Namespace, ...] = Field(
        ("default",),
        min_length=1,
        description="namespaces of the monitored cluster that are registered and watched",
    )
    namespace_retention_days: int | None = Field(
        None,
        ge=1,
        le=90,
        description="days that closed workflows are kept, in namespaces that are there already too;"
        f" not set: {NEW_NAMESPACE_RETENTION_DAYS} in a new one, and the others keep theirs",
    )
    scrape_seconds: int = Field(15, ge=1, le=60, description="interval of metric scrapes")
    worker_targets: tuple[Address, ...] = Field(
        (),
        description="host:port, as containers reach them, of your workers that show their SDK's"
        " metrics; this machine is host.docker.internal",
    )
    cycle_seconds: int = Field(30, ge=1, le=300, description="time between two verdicts")
    short_window_seconds: int = Field(
        60, ge=4, validate_default=True, description="window of rates, of at least two scrapes"
    )
    long_window_seconds: int = Field(
        300, ge=4, validate_default=True, description="window of quantiles, no shorter than that"
    )
    log_level: Literal["debug", "info", "warn", "error"] = Field(
        "info", description="log level of Temporal and the Copilot"
    )
    keep_volumes: bool = Field(
        False,
        description="whether `destroy` leaves the volumes; takes effect with the next `up`",
    )

    @field_validator("ports", "memory", "images")
    @classmethod
    def _names_are_known(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        known: frozenset[str] = getattr(info.context or Known(), str(info.field_name))
        unknown = [
            _unknown(name, known) for name in sorted(value) if info.context and name not in known
        ]
        if unknown:
            raise ValueError("; ".join(unknown))
        return value

    # The Copilot refuses such windows too, but only after everything else has started. A field that
    # is wrong by itself is not in `data`.
    @field_validator("short_window_seconds")
    @classmethod
    def _holds_two_samples(cls, value: int, info: ValidationInfo) -> int:
        if value < 2 * info.data.get("scrape_seconds", 0):
            raise ValueError("must be at least twice scrape_seconds")
        return value

    @field_validator("long_window_seconds")
    @classmethod
    def _is_the_longer_one(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("short_window_seconds", 0):
            raise ValueError("must not be shorter than short_window_seconds")
        return value


class LocalSettings(ContainerSettings):
    """Settings of the stack `local`."""

    secrets: ClassVar[Mapping[str, str]] = {
        **ContainerSettings.secrets,
        "database_password": "password of PostgreSQL, random where it is not set;"
        " set it before the first `up`",
    }


_QUICK_CLAUDE = "claude-sonnet-4-5-20250929-v1:0"
_DEEP_CLAUDE = "claude-opus-4-6-v1"


class CopilotSettings(ContainerSettings):
    """Settings of the stack `copilot`."""

    project_name: ProjectName = Field("temporal-dev", description="prefix of names in AWS")
    region: Region = Field("eu-west-1", description="AWS region of everything this stack makes")
    shared_dsql_endpoint: DsqlEndpoint | None = Field(
        None, description="endpoint of an Aurora DSQL cluster to use instead of the stack `dev`"
    )
    temporal_source: Path | None = Field(
        None, description="checkout of the DSQL fork of Temporal to build its image from"
    )
    temporal_arch: Literal["amd64", "arm64"] | None = Field(
        None, description="architecture of that image, where it is not this machine's own"
    )
    dsql_schema_version: SchemaVersion = Field(
        "1.1",
        description="version of Temporal's schema on Aurora DSQL that the fork's server needs",
    )
    model: Model | None = Field(
        None,
        description="model that words the explanations, as provider:model, or none;"
        " Claude on Bedrock where it is not set",
    )
    deep_model: Model | None = Field(
        None,
        description="model that words what is critical or has many gates fired; the same where it"
        " is not set, or a larger Claude beside a Claude that nobody chose",
    )
    model_calls_per_hour: int = Field(12, ge=0, description="most calls of models in any hour")
    model_tokens_per_day: int = Field(
        300_000, ge=0, description="most tokens that models may take in a day of UTC"
    )
    reservoir_target: int = Field(
        50, ge=1, le=1000, description="connections that a monitored Temporal process keeps ready"
    )
    ulimits: Ulimits = Field(default_factory=Ulimits, description="limits of Elasticsearch")

    @field_validator("deep_model")
    @classmethod
    def _is_one_of_two(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("model") == "none":
            raise ValueError("needs model, which is none")
        return value

    @property
    def quick_words(self) -> str:
        """The model that words explanations, or none."""
        return self.model or self._claude(_QUICK_CLAUDE)

    @property
    def deep_words(self) -> str:
        """The model that words what is critical, empty where it is the same."""
        return self.deep_model or ("" if self.model else self._claude(_DEEP_CLAUDE))

    def _claude(self, name: str) -> str:
        """The inference profile of that Claude which serves the region.

        Those of the EU and the US keep requests there; elsewhere it is the one for all the world.
        """
        area = self.region.partition("-")[0]
        return f"bedrock:{area if area in {'eu', 'us'} else 'global'}.anthropic.{name}"

    @field_validator("temporal_source")
    @classmethod
    def _is_a_checkout(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        folder = value.expanduser().absolute()
        if not (folder / "cmd" / "tools" / "dsql").is_dir():
            raise ValueError(
                f"{folder} is no checkout of the DSQL fork of Temporal: it has no cmd/tools/dsql"
            )
        return folder

    @field_validator("shared_dsql_endpoint")
    @classmethod
    def _is_in_the_region(cls, value: str | None, info: ValidationInfo) -> str | None:
        region = info.data.get("region")
        if value and region and value.split(".")[2] != region:
            raise ValueError(f"is in {value.split('.')[2]}, region is {region}")
        return value


class DevSettings(StackSettings):
    """Settings of the stack `dev`."""

    project_name: ProjectName = Field("temporal-dev", description="prefix of names in AWS")
    region: Region = Field("eu-west-1", description="AWS region of everything this stack makes")
    dynamodb_tables: bool = Field(
        False, description="whether to make the tables that share out connections"
    )
    protected: bool = Field(
        True, description="whether Pulumi and AWS both refuse to delete what the stack made"
    )


S = TypeVar("S", bound=StackSettings)


def load(model: type[S], known: Known | None = None) -> S:
    """The settings of the current stack.

    `known` are the names that overrides may use. Raises pulumi.RunError naming every problem.
    """
    project = pulumi.get_project()
    values, problems = _values(project, model)
    try:
        settings = model.model_validate(values, context=known)
    except ValidationError as error:
        settings = None
        for item in error.errors(include_url=False):
            where = ".".join(str(part) for part in item["loc"])
            what = item["msg"].removeprefix("Value error, ")
            if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
                what = _unknown(where, {*model.model_fields, *model.secrets})
                what = what.removeprefix(f"{where}: ")
            problems.append(f"{project}:{where}: {what}")
    if settings is None or problems:
        raise pulumi.RunError("wrong settings:\n  " + "\n  ".join(sorted(problems)))
    return settings


def secret(key: str) -> pulumi.Output[str] | None:
    """A secret of the current stack, or None where it is not set."""
    return pulumi.Config().get_secret(key)


def _values(project: str, model: type[StackSettings]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems = []
    for key, text in _configured(project).items():
        is_secret = raw_config.is_config_secret(f"{project}:{key}")
        if key in model.secrets:
            if not is_secret:
                problems.append(
                    f"{project}:{key}: must not stand in clear text, set it again with"
                    f" `pulumi config set -s {pulumi.get_stack()} --secret {key}`"
                )
            continue
        values[key] = parsed(text)
    return values, problems


def _configured(project: str) -> Mapping[str, str]:
    every = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    prefix = f"{project}:"
    return {key.removeprefix(prefix): every[key] for key in every if key.startswith(prefix)}


def parsed(text: str) -> object:
    """A structured value as it was written; anything else stays, for the model to judge."""
    if text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        parsed: object = json.loads(text)
    except json.JSONDecodeError:
        return text
    return parsed


def _unknown(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    return f"{name}: no such name, {hint}"
