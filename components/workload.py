"""Services and jobs as data: image, command, files, health check, order of start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from components.inputs import StringInput

Cluster = Literal["monitored", "copilot"]

NOBODY = "65534:65534"
"""A user without rights, for a container whose image would run as root."""


@dataclass(frozen=True)
class Port:
    """A port of a container that is published on 127.0.0.1."""

    name: str
    """Its key in the setting `ports`, and the beginning of its output's name."""
    container: int
    host: int
    page: str | None = None
    """Path to open with HTTP, or None for gRPC."""

    @property
    def url(self) -> str:
        """Its address on this machine: a URL, or host:port for gRPC."""
        address = f"127.0.0.1:{self.host}"
        return address if self.page is None else f"http://{address}{self.page}"


@dataclass(frozen=True)
class Probe:
    """A command in the container that succeeds when the service is ready. Times are seconds.

    The interval is that of the start: it is short because other workloads wait for the first
    success. A service that was ready is checked less often.
    """

    command: tuple[str, ...]
    interval: int = 1
    timeout: int = 5
    retries: int = 120
    start_period: int = 0

    @property
    def time_limit(self) -> int:
        """The longest start in seconds; a longer one has failed."""
        return self.start_period + self.retries * self.interval


@dataclass(frozen=True)
class ReadyUrl:
    """A URL that answers 200 when the service is ready, for an image without a shell."""

    url: str
    time_limit: int = 120


@dataclass(frozen=True)
class Mount:
    """A volume or a folder of this machine, mounted in the container."""

    target: str
    volume: str | None = None
    """Name of the volume in the catalogue."""
    folder: str | None = None
    """Absolute path on this machine, mounted read-only unless it is `writable`."""
    writable: bool = False


@dataclass(frozen=True)
class File:
    """A file that is written before the container starts; a change replaces the container."""

    path: str
    content: StringInput


@dataclass(frozen=True)
class Workload:
    """The part that services and jobs have in common."""

    name: str
    """Name on the network, and value of the label `io.copilot.service`."""
    image: str
    """Key of the image, as in the setting `images`."""
    purpose: str
    """One line for the table in docs/stacks.md."""
    memory_mb: int
    command: tuple[StringInput, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, StringInput] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    mounts: tuple[Mount, ...] = ()
    user: str | None = None
    """User or uid:gid; None: the image's user."""
    needs: tuple[str, ...] = ()
    """Services that must be ready and jobs that must have succeeded before it starts."""
    after: tuple[str, ...] = ()
    """Services that must have been started before it, ready or not."""
    reaches_host: bool = field(default=False, kw_only=True)
    """Whether `host.docker.internal` is this machine, also on Linux."""


@dataclass(frozen=True)
class Service(Workload):
    """A container that runs until it is stopped."""

    health: Probe | ReadyUrl = field(kw_only=True)
    ports: tuple[Port, ...] = ()
    cluster: Cluster | None = None
    """The label `cluster` on its logs and metrics."""
    metrics_port: int | None = None
    """Port that serves its metrics at /metrics."""
    capabilities: tuple[str, ...] = ()
    """With the prefix CAP_, or each refresh finds a difference."""
    ulimits: Mapping[str, int] = field(default_factory=dict)
    stop_seconds: int = 30
    """Seconds from SIGTERM to SIGKILL, to end requests and write data; most need one or two."""


@dataclass(frozen=True)
class Overwrite:
    """How a job drops a schema and creates it again."""

    command: tuple[StringInput, ...]
    host: StringInput
    """Host of the database."""
    drops: str
    """What is dropped, for the question to the user."""


@dataclass(frozen=True)
class Job(Workload):
    """A container that runs once to its end, and is safe to run again."""

    redo_with: tuple[str, ...] = ()
    """Services and jobs whose new container has lost this job's work: the job runs again."""
    overwrites: Mapping[str, Overwrite] = field(default_factory=dict)
    """By the name of the job whose schema is dropped; a plain run drops nothing."""
