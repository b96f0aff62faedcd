"""A container as data: what runs, with what, and after what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

Text = pulumi.Input[str]
Cluster = Literal["monitored", "copilot"]

NOBODY = "65534:65534"
"""The user of a container that needs no rights, where its image would give it root's."""


@dataclass(frozen=True)
class Port:
    """A port of a container that is published on 127.0.0.1."""

    name: str
    """What the setting `ports` and the outputs call it."""
    container: int
    host: int
    page: str | None = None
    """Path of what HTTP clients or people open, or None for a port that speaks gRPC."""

    @property
    def url(self) -> str:
        """Where to reach it from this machine: a URL, or host:port for gRPC."""
        address = f"127.0.0.1:{self.host}"
        return address if self.page is None else f"http://{address}{self.page}"


@dataclass(frozen=True)
class Probe:
    """A command in the container that succeeds when the service serves. Times are seconds.

    The interval is short because dependents wait for the first success.
    """

    command: tuple[str, ...]
    interval: int = 2
    timeout: int = 5
    retries: int = 60
    start_period: int = 0

    @property
    def time_limit(self) -> int:
        """How long a start may take before it counts as failed."""
        return self.start_period + self.retries * self.interval


@dataclass(frozen=True)
class ReadyUrl:
    """A URL on the network that answers 200 when a service serves whose image has no shell."""

    url: str
    time_limit: int = 120


@dataclass(frozen=True)
class Mount:
    """A named volume or a folder of this machine in the container."""

    target: str
    volume: str | None = None
    """Name of the volume in the catalogue."""
    folder: str | None = None
    """Absolute path on this machine, mounted read-only unless it is `writable`."""
    writable: bool = False


@dataclass(frozen=True)
class File:
    """A file that is written into the container before it starts; a change replaces it."""

    path: str
    content: Text


@dataclass(frozen=True)
class Workload:
    """What services and jobs have in common."""

    name: str
    """Name on the network, and value of the label `io.copilot.service`."""
    image: str
    """Key of the image, as in the setting `images`."""
    purpose: str
    """One line for the table in the README."""
    memory_mb: int
    command: tuple[Text, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, Text] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    mounts: tuple[Mount, ...] = ()
    user: str | None = None
    """User or uid:gid; None is the image's own."""
    needs: tuple[str, ...] = ()
    """Services that must serve and jobs that must have succeeded before this one starts."""
    after: tuple[str, ...] = ()
    """Services that need only have been started."""


@dataclass(frozen=True)
class Service(Workload):
    """A container that runs until it is told to stop."""

    health: Probe | ReadyUrl = field(kw_only=True)
    ports: tuple[Port, ...] = ()
    cluster: Cluster | None = None
    """The label `cluster` on its logs and metrics."""
    metrics_port: int | None = None
    """Where its own metrics are, at the path /metrics, for the metrics store."""
    capabilities: tuple[str, ...] = ()
    """In the engine's own form, CAP_X, or each refresh sees a difference."""
    ulimits: Mapping[str, int] = field(default_factory=dict)
    stop_seconds: int | None = None
    """Time to write its data before it is killed; None for a service without data."""
    reaches_host: bool = False
    """Whether it finds this machine as `host.docker.internal`, also on Linux."""


@dataclass(frozen=True)
class Overwrite:
    """What a job does instead when a schema is to be made anew."""

    command: tuple[Text, ...]
    where: Text
    """Host of the database, which has to be the one that was agreed to."""
    drops: str
    """What is lost by it, for the question to the user."""


@dataclass(frozen=True)
class Job(Workload):
    """A container that does one thing and ends; safe to run again."""

    redo_with: tuple[str, ...] = ()
    """Services and jobs whose new container means that this job's work is gone, so do it again."""
    overwrites: Mapping[str, Overwrite] = field(default_factory=dict)
    """By the name of the job whose schema is made anew: without it, a job drops nothing."""
