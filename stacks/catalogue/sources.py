"""Where the Copilot reads a cluster's metrics, logs and frontend, and how it signs in there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr, ValidationError

from components.inputs import StringInput, apply
from components.workload import File, Mount
from copilot.access.settings import Access
from copilot.setting_groups import CanarySettings, SourceSettings, variable
from copilot.signals.roles import Role
from stacks.catalogue.alloy import MONITORED
from stacks.catalogue.aws_access import caller_access
from stacks.catalogue.stores import NO_ACCESS
from stacks.catalogue.telemetry import LOKI, LOKI_URL, MIMIR, MIMIR_URL
from stacks.catalogue.temporal import FRONTEND, GRPC_PORT, NAMESPACES_JOB
from stacks.settings import EnvironmentSettings
from stacks.watch_settings import (
    CLUSTERS,
    WatchSettings,
    access_files,
    access_secrets,
    require_none_of_one_cluster,
)

SOURCES_JOB = "monitored-sources"
"""The job that checks the sources which others run."""
_MOUNTED = "/run/sources"
"""Folder of containers below which this machine's folders have their own paths."""
_SECRETS = "/run/secrets"


@dataclass(frozen=True)
class SourceAccess:
    """What a container needs to reach the sources and sign in; secrets are in files only."""

    environment: Mapping[str, str] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    mounts: tuple[Mount, ...] = ()
    user: str | None = None
    """The caller, whose files others may not read."""
    reaches_host: bool = False


NO_SIGN_IN = SourceAccess()


@dataclass(frozen=True)
class Sources:
    """The sources of the monitored clusters."""

    environment: Mapping[str, str]
    """For worker and API."""
    access: SourceAccess = NO_SIGN_IN
    """Of the worker."""
    api_access: SourceAccess = NO_SIGN_IN
    needs: tuple[str, ...] = ()
    """Services and jobs without which the worker's first cycle would see too little."""
    after: tuple[str, ...] = ()
    """Services that must have been started before the worker."""


def own_sources(settings: EnvironmentSettings) -> Sources:
    """The sources that the stack itself runs."""
    return Sources(
        environment={
            "COPILOT_CANARY": settings.canary,
            "COPILOT_CLUSTER": MONITORED,
            "LOKI_URL": LOKI_URL,
            "MONITORED_NAMESPACES": ",".join(settings.monitored_namespaces),
            "MONITORED_TEMPORAL_ADDRESS": f"{FRONTEND}:{GRPC_PORT}",
            "PROMETHEUS_ENDPOINT": MIMIR_URL,
        },
        # A role that starts later would be missing from the first verdict.
        needs=(NAMESPACES_JOB, MIMIR, Role.WORKER.job),
        after=(LOKI,),
    )


def watched_sources(settings: WatchSettings, secrets: Mapping[str, StringInput]) -> Sources:
    """The sources that the settings of the stack `watch` name; `secrets` by their key.

    Raises ValueError where settings and secrets do not fit together.
    """
    if settings.clusters_folder:
        require_none_of_one_cluster(secrets)
        return _sources_in(settings.clusters_folder, settings.aws_region)
    values = {
        variable(name): getattr(settings, name)
        for name in (*SourceSettings.model_fields, *CanarySettings.model_fields)
        if name not in {*settings.accesses, "labels"}
    }
    labels = {f"{variable('labels')}_{name.upper()}": value for name, value in settings.labels}
    return Sources(
        environment={
            name: ",".join(value) if isinstance(value, tuple) else value
            for name, value in (values | labels).items()
        },
        access=_access(settings, secrets),
        needs=(SOURCES_JOB,),
    )


def _sources_in(folder: Path, aws_region: str) -> Sources:
    """The clusters of a folder, which worker and API read again every cycle."""
    mount = Mount(CLUSTERS, folder=str(folder))
    aws = caller_access(aws_region) if aws_region else NO_ACCESS
    return Sources(
        environment={variable("clusters_folder"): CLUSTERS},
        access=SourceAccess(
            environment=aws.environment,
            mounts=(*aws.mounts, mount),
            user=_caller(),
            reaches_host=True,
        ),
        api_access=SourceAccess(mounts=(mount,), user=_caller()),
        needs=(SOURCES_JOB,),
    )


def _caller() -> str:
    return f"{os.getuid()}:{os.getgid()}"


def _access(settings: WatchSettings, secrets: Mapping[str, StringInput]) -> SourceAccess:
    environment: dict[str, str] = {}
    folders: set[str] = set()
    for source, access in settings.accesses.items():
        files = access_files(access)
        folders |= {str(Path(path).parent) for path in files.values()}
        values = {
            **_plain_values(access),
            **{name: f"{_MOUNTED}{path}" for name, path in files.items()},
            **{
                f"{name}_file": _secret_path(source, name)
                for name in access_secrets(source)
                if f"{source}_{name}" in secrets
            },
        }
        for name in access_secrets(source):
            if f"{source}_{name}" in secrets and f"{name}_file" in files:
                raise ValueError(
                    f"{source}.{name}_file: the secret {source}_{name} is set too: remove one"
                )
        _require_valid(source, type(access), values)
        environment |= {f"{variable(source)}_{name.upper()}": text for name, text in values.items()}
    aws = caller_access(region) if (region := settings.aws_region) else NO_ACCESS
    return SourceAccess(
        environment={**aws.environment, **environment},
        files=tuple(
            File(_secret_path(source, name), _as_file(name, secrets[f"{source}_{name}"]))
            for source in settings.accesses
            for name in access_secrets(source)
            if f"{source}_{name}" in secrets
        ),
        mounts=(
            *aws.mounts,
            *(Mount(f"{_MOUNTED}{folder}", folder=folder) for folder in sorted(folders)),
        ),
        user=_caller() if folders else aws.user,
        reaches_host=True,
    )


def _require_valid(source: str, model: type[Access], values: Mapping[str, str]) -> None:
    """Apply the Copilot's own rules, such as that a password needs a user. Raises ValueError."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join((source, *(str(part).lower() for part in first["loc"])))
        raise ValueError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from error


def _plain_values(access: Access) -> dict[str, str]:
    """The values that are set and no files, as the environment has them."""
    found = {}
    for name in type(access).model_fields:
        value = getattr(access, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text not in {"", None}:
            found[name] = str(text).lower() if isinstance(text, bool) else str(text)
    return found


def _secret_path(source: str, name: str) -> str:
    return f"{_SECRETS}/{source}-{name.replace('_', '-')}"


def _as_file(name: str, value: StringInput) -> StringInput:
    """A secret's file; of headers, which settings separate by commas, one a line."""
    return apply(lambda text: text.replace(",", "\n"), text=value) if name == "headers" else value
