"""What a stack chooses: where Temporal and the Copilot keep their state, and how they get there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from components.service import File, Job, Mount, Service, Text

_CONNECT_SECONDS = 30
CONNECTION_TIMEOUT = f"{_CONNECT_SECONDS}s"
CONNECT_ATTRIBUTES = {"connect_timeout": str(_CONNECT_SECONDS)}
"""How long Temporal waits for a new connection to any store."""


@dataclass(frozen=True)
class Access:
    """What a container needs to be let into AWS; nothing where no AWS is used."""

    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    user: str | None = None

    def in_home(self, home: str) -> "Access":
        """The same for a container whose image insists on its own home folder."""
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

    default: Text
    """Value of the server template's `default_store`: one JSON object."""
    visibility: Text
    """Value of its `visibility_store`."""
    needs: tuple[str, ...]
    """Jobs that prepare both."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the server's database plugin reads."""
    start_seconds: int = 60
    """How long a server may take to start on it before its health counts."""


@dataclass(frozen=True)
class CopilotStore:
    """The Copilot's own store."""

    host: Text
    environment: Mapping[str, Text] = field(default_factory=dict)
    secret_variables: Mapping[str, str] = field(default_factory=dict)
    """Variables whose values stand in files of the container, with the path of each."""
    files: tuple[File, ...] = ()
    needs: tuple[str, ...] = ()


class Stores(Protocol):
    """A stack's choice of stores."""

    @property
    def services(self) -> tuple[Service, ...]:
        """Services that the stores themselves are."""

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
        """Key of the Temporal server's image that can use them."""

    @property
    def access(self) -> Access:
        """What every client of the stores needs besides."""

    @property
    def described(self) -> Mapping[str, Text]:
        """The monitored cluster's stores as stack outputs, without secrets."""
