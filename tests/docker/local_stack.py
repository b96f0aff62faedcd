"""The stack `local` on a real Docker engine that is started for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from components.docker_engine import STACK_LABEL
from stacks.images import copilot_build
from stacks.local import planned
from stacks.scraping import prometheus_configuration
from stacks.services import Catalogue
from stacks.settings import LocalSettings
from tests.docker import engine, images
from tests.docker.builder import EngineBuilder
from tests.docker.own_times import critical_path, watched
from tests.engine.aws_package import Account, aws_package
from tests.engine.binaries import lay_out
from tests.engine.command_line import Outcome
from tests.engine.docker_package import docker_package
from tests.engine.project import Project, attached, free_ports

STACK = "local"
# As often as the real provider looks whether a container is healthy.
_POLL_SECONDS = 1.0
# A cycle is a verdict; windows hold several scrapes.
_SETTINGS = {
    "cycle_seconds": 5,
    "scrape_seconds": 2,
    "short_window_seconds": 15,
    "long_window_seconds": 30,
}


@dataclass(frozen=True)
class LocalStack:
    """A project whose stack `local` runs on the engine that `client` speaks to."""

    project: Project
    client: docker.DockerClient
    catalogue: Catalogue

    def started(self) -> "Start":
        """Run `up` on an engine that has the images and nothing else."""
        with watched(self.client) as times:
            outcome = self.project.up(STACK)
        seconds, chain = critical_path(self.catalogue, times)
        return Start(self, outcome, seconds, chain)

    def url(self, port: str) -> str:
        """Where a published port of the catalogue is reached."""
        return next(one.url for _, one in self.catalogue.ports if one.name == port)

    def left(self) -> list[str]:
        """Names of the containers, networks and volumes of the stack that there are."""
        mine: dict[str, str | list[str] | bool] = {"label": f"{STACK_LABEL}={STACK}"}
        containers = [str(one.name) for one in self.client.containers.list(all=True, filters=mine)]
        networks = [str(one.name) for one in self.client.networks.list(filters=mine)]
        return [*containers, *networks, *(str(one.id) for one in self.client.volumes.list())]


@dataclass(frozen=True)
class Start:
    """One `up`: how long it took, and how long what it started needed by itself."""

    stack: LocalStack
    outcome: Outcome
    chain_seconds: float
    chain: list[str]
    """The containers that had to start one after the other."""

    @property
    def overhead_seconds(self) -> float:
        """What the deployment added."""
        return self.outcome.seconds - self.chain_seconds


@contextmanager
def local_stack() -> Iterator[LocalStack]:
    """An engine with every image, and a project on which nothing was run but `stack init`.

    Raises NotHereError where this machine cannot run it.
    """
    ports = planned(LocalSettings()).known.ports
    settings = LocalSettings.model_validate({**_SETTINGS, "ports": free_ports(sorted(ports))})
    catalogue = planned(settings)
    with (
        tempfile.TemporaryDirectory(prefix="local-stack-") as temporary,
        engine.running() as host,
        engine.client(host) as client,
    ):
        folder = Path(temporary)
        scrapes = prometheus_configuration(catalogue.services, settings.scrape_seconds)
        images.make(client, catalogue.images, scrapes)
        builder = EngineBuilder(client)
        providers = {
            "docker": docker_package(client.api, builder, folder / "project", _POLL_SECONDS),
            "aws": aws_package(Account()),
        }
        environment = {"DOCKER_HOST": host, "PULUMI_CONFIG_PASSPHRASE": ""}
        binaries = lay_out(folder / "bin")
        with attached(folder, binaries, providers, environment) as commands:
            project = Project(commands)
            project.configure(STACK, **_SETTINGS, ports=dict(settings.ports))
            project.pulumi("stack", "init", STACK)
            ours = copilot_build({})
            builder.build(ours.name, ours.context, ours.dockerfile, {"args": dict(ours.arguments)})
            yield LocalStack(project, client, catalogue)
