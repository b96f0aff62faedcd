"""The interface of a stack's choice of stores, for Temporal and for the Copilot."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from components.inputs import StringInput
from components.workload import File, Job, Mount, Service
from stacks.outputs import StoreOutputs

_CONNECT_SECONDS = 30
CONNECTION_TIMEOUT = f"{_CONNECT_SECONDS}s"
CONNECT_ATTRIBUTES = {"connect_timeout": str(_CONNECT_SECONDS)}
"""How long Temporal waits for a new connection to a store."""

STORE_STOP_SECONDS = 60
"""How long a store may write its data when it is stopped."""


@dataclass(frozen=True)
class Access:
    """The caller's AWS credentials in a container; empty without AWS."""

    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    user: str | None = None

    def in_home(self, home: str) -> "Access":
        """The same for an image that sets its own home folder."""
        usual = self.environment.get("HOME")
        if usual is None:
            return self
        return replace(
            self,
            environment={**self.environment, "HOME": home},
            mounts=tuple(
                replace(mount, target=f"{home}{mount.target.removeprefix(usual)}")
                for mount in self.mounts
            ),
        )


NO_ACCESS = Access()


@dataclass(frozen=True)
class TemporalStore:
    """One Temporal cluster's databases."""

    default: StringInput
    """Value of the server template's `default_store`: one JSON object."""
    visibility: StringInput
    """Value of its `visibility_store`."""
    needs: tuple[str, ...]
    """Jobs that prepare both."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment of the server's database plugin."""
    dynamic_configuration: str = ""
    """What the server's dynamic configuration needs for the database, as YAML."""
    start_seconds: int = 60
    """Seconds that a server may take to start before its health counts."""


@dataclass(frozen=True)
class CopilotStore:
    """The Copilot's own store."""

    host: StringInput
    environment: Mapping[str, StringInput] = field(default_factory=dict)
    secret_variables: Mapping[str, str] = field(default_factory=dict)
    """Variables whose values are in files of the container, with the path of each."""
    files: tuple[File, ...] = ()
    needs: tuple[str, ...] = ()


class Stores(Protocol):
    """A stack's choice of stores."""

    @property
    def services(self) -> tuple[Service, ...]:
        """The stores that run in containers."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that prepare the stores."""

    @property
    def monitored(self) -> TemporalStore:
        """The monitored cluster's databases."""

    @property
    def copilot_temporal(self) -> TemporalStore:
        """The databases of the Copilot's own Temporal."""

    @property
    def copilot(self) -> CopilotStore:
        """The Copilot's own store."""

    @property
    def dashboard(self) -> File:
        """Grafana's dashboard of the monitored cluster's store."""

    @property
    def server_image(self) -> str:
        """Key of the image of a Temporal server that can use them."""

    @property
    def access(self) -> Access:
        """AWS credentials that every client of the stores needs."""

    @property
    def outputs(self) -> StoreOutputs:
        """The monitored cluster's stores as stack outputs, without secrets."""
