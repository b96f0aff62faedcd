"""The settings of the stack `watch`: where existing clusters are, and how to sign in there."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from copilot.access.settings import Access
from copilot.setting_groups import CanarySettings, SourceSettings
from copilot.setting_types import Address, Url
from stacks.setting_types import NamespacePatterns
from stacks.settings import DATABASE_PASSWORD, ContainerSettings, no_such_name

SOURCES = ("metrics", "logs", "monitored")
"""The fields that say how to sign in, in the order of the documentation."""
CLUSTERS = "/etc/copilot/clusters"
"""Folder of containers where the cluster files are, and the files that they name."""
_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1|0\.0\.0\.0")


def access_secrets(source: str) -> dict[str, str]:
    """Descriptions of a source's secrets that a file can hold, by the name of their field."""
    model = type(SourceSettings.model_fields[source].default)
    return {
        name: field.description or ""
        for name, field in model.model_fields.items()
        if field.annotation is SecretStr and f"{name}_file" in model.model_fields
    }


ACCESS_SECRETS: Mapping[str, str] = {
    f"{source}_{name}": f"{SourceSettings.model_fields[source].description}: {meaning}"
    for source in SOURCES
    for name, meaning in access_secrets(source).items()
}
"""Descriptions of the secrets of access by their key, such as `metrics_token`."""

OF_ONE_CLUSTER = frozenset(
    {*SourceSettings.model_fields, *CanarySettings.model_fields, *ACCESS_SECRETS}
)
"""Keys of settings and secrets that a cluster file replaces."""


class WatchSettings(SourceSettings, ContainerSettings):
    """Settings of the stack `watch`."""

    stack: ClassVar[str] = "watch"
    secrets: ClassVar[Mapping[str, str]] = {**DATABASE_PASSWORD, **ACCESS_SECRETS}

    monitored_address: Address = Field(
        "host.docker.internal:7233",
        description="host:port of the monitored cluster's frontend, as containers reach it; this"
        " machine is host.docker.internal",
    )
    monitored_namespaces: NamespacePatterns = Field(
        ("default",),
        min_length=1,
        description="namespaces of the monitored cluster to watch; `*` is all of them",
    )
    prometheus_endpoint: Url = Field(
        "http://host.docker.internal:9090",
        description="base URL of the metrics store, without /api/v1, as containers reach it",
    )
    # It writes to a cluster that is not ours, so that is for its owner to decide.
    canary: Literal["on", "off"] = Field(
        "off",
        description="on: the worker runs small workflows of its own on the monitored cluster, in"
        " namespace copilot-canary, which it registers; off: it only reads there",
    )
    clusters_folder: Path | None = Field(
        None,
        description="folder on this machine with a file `*.yaml` for each cluster, instead of the"
        f" settings of one cluster; in containers it is {CLUSTERS}",
    )
    keep_volumes: bool = Field(
        True,
        description="whether `destroy` leaves the volumes; takes effect with the next `up`",
    )

    @field_validator("monitored_address", "prometheus_endpoint", "loki_url")
    @classmethod
    def _is_reached_by_containers(cls, value: str) -> str:
        parts = urlsplit(value if "://" in value else f"//{value}")
        if "@" in parts.netloc:
            raise ValueError("must not hold a user or password: set username and its secret")
        if _LOOPBACK.fullmatch(parts.hostname or ""):
            raise ValueError(
                f"in a container {parts.hostname} is the container itself: for this machine use"
                " host.docker.internal, and on Linux let the server listen on more than 127.0.0.1"
            )
        return value

    @field_validator(*SOURCES, mode="before")
    @classmethod
    def _has_known_keys(cls, value: object, info: ValidationInfo) -> object:
        """Unknown keys and secrets in clear text, which the Copilot's own model would accept."""
        if not isinstance(value, Mapping):
            return value
        source = str(info.field_name)
        known = set(_model(source).model_fields) - access_secrets(source).keys()
        for key, text in value.items():
            if key in access_secrets(source):
                raise ValueError(
                    f"{key} must not be in clear text: use {key}_file, or"
                    f" `pulumi config set -s {cls.stack} --secret {source}_{key}`"
                )
            if key not in known:
                raise ValueError(no_such_name(key, known))
            if key == "proxy" and "@" in str(text):
                raise ValueError("proxy must not hold a password: it would be in clear text")
        return value

    @field_validator(*SOURCES)
    @classmethod
    def _has_files_to_mount(cls, value: Access) -> Access:
        """The same with absolute paths. Containers see the folders of the files."""
        files = {name: file_to_mount(path) for name, path in access_files(value).items()}
        return value.model_copy(update={name: str(path) for name, path in files.items()})

    @field_validator("clusters_folder")
    @classmethod
    def _is_a_folder_to_mount(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        folder = value.expanduser().resolve()
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        if folder in _shared_folders():
            raise ValueError(f"{folder} has more than cluster files: containers can read all of it")
        return folder

    @model_validator(mode="after")
    def _describes_clusters_once(self) -> Self:
        if self.clusters_folder:
            # The committed file of the stack, and `tdeploy init`, write defaults.
            require_none_of_one_cluster(
                name
                for name, field in type(self).model_fields.items()
                if getattr(self, name) != field.default
            )
        return self

    @property
    def accesses(self) -> Mapping[str, Access]:
        """How to sign in, by source."""
        return {"metrics": self.metrics, "logs": self.logs, "monitored": self.monitored}

    @property
    def aws_region(self) -> str:
        """A region for which requests to a metrics store are signed; "" where none are."""
        if self.clusters_folder is None:
            return self.metrics.aws_region
        regions = map(_aws_region_of, sorted(self.clusters_folder.glob("*.yaml")))
        return next(filter(None, regions), "")


def require_none_of_one_cluster(keys: Iterable[str]) -> None:
    """Raise ValueError if settings or secrets, by key, describe one cluster beside a folder."""
    found = " ".join(sorted(OF_ONE_CLUSTER.intersection(keys)))
    if found:
        raise ValueError(
            f"clusters_folder: its files describe the clusters, but {found.replace(' ', ', ')} is"
            f" set too: `pulumi config rm-all -s {WatchSettings.stack} {found}`"
        )


def access_files(access: Access) -> dict[str, str]:
    """Path of each file that is set, by its field."""
    files = {name: getattr(access, name) for name in type(access).model_fields}
    return {name: path for name, path in files.items() if name.endswith("_file") and path}


def file_to_mount(path: str) -> Path:
    """The absolute path of a file whose folder containers can mount. Raises ValueError.

    The folder is mounted and not the file, because a renewed file is a new one of the same name.
    """
    given = Path(path).expanduser()
    file = given.parent.resolve() / given.name
    if not file.is_file():
        raise ValueError(f"there is no file {file}")
    folder = file.parent
    if folder in _shared_folders():
        raise ValueError(
            f"{file} needs a folder of its own, because containers can read its whole folder"
        )
    if not file.resolve().is_relative_to(folder):
        raise ValueError(
            f"{file} is a link to {file.resolve()}, which containers cannot follow: name a file in"
            " its real folder"
        )
    return file


def _aws_region_of(file: Path) -> str:
    """The region of a cluster file; "" also for a wrong one, which `copilot check` reports."""
    try:
        return str(yaml.safe_load(file.read_bytes())["metrics"]["aws_region"] or "")
    except (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, RecursionError):
        return ""


def _shared_folders() -> set[Path]:
    """Folders with much that containers need not read."""
    return {Path("/"), Path.home(), Path("/etc"), Path("/tmp")}  # noqa: S108


def _model(source: str) -> type[BaseModel]:
    return type(SourceSettings.model_fields[source].default)
