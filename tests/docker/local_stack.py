"""The stack `local` on a Docker engine of its own."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from components.docker_engine import STACK_LABEL
from stacks.catalogue.alloy import scrape_timeout, targets
from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.catalogue import Catalogue
from stacks.settings import LocalSettings
from tests.docker import engine, images
from tests.docker.builder import EngineBuilder
from tests.docker.container_report import container_report
from tests.docker.start_times import critical_path, measured_starts
from tests.engine.binaries import lay_out
from tests.engine.command_line import CommandError, Outcome
from tests.engine.project import Project, attached, free_stack_ports
from tests.fakes.pulumi.aws_package import Account, aws_package
from tests.fakes.pulumi.docker_package import docker_package
from tools import opensearch

STACK = "local"
ON_ELASTICSEARCH = {
    "visibility": "elasticsearch",
    # An engine on a build machine may raise no hard limit.
    "ulimits": {"memlock": 65536, "nofile": 4096},
}
"""Settings by which the stack has its visibility in Elasticsearch."""
# As the real provider.
_POLL_SECONDS = 1.0
# A cycle is a verdict; windows hold several scrapes.
SHORT_CYCLES = {
    "cycle_seconds": 5,
    "scrape_seconds": 2,
    "short_window_seconds": 15,
    "long_window_seconds": 30,
}


@dataclass(frozen=True)
class LocalStack:
    """A project with the stack `local`, and the engine that it runs on."""

    project: Project
    client: docker.DockerClient
    settings: LocalSettings
    catalogue: Catalogue

    def started(self) -> "Start":
        """Run `up` on the engine, which has images only. A failure reports the containers."""
        with measured_starts(self.client) as times:
            try:
                outcome = self.project.up(STACK)
            except CommandError as error:
                raise CommandError(f"{error}\n{container_report(self.client)}") from error
        seconds, chain = critical_path(self.catalogue, times)
        return Start(self, outcome, seconds, chain)

    def url(self, port: str) -> str:
        """URL of a published port of the catalogue."""
        return next(one.url for _, one in self.catalogue.ports if one.name == port)

    def remaining(self) -> list[str]:
        """Names of the stack's containers, networks and volumes on the engine."""
        mine: dict[str, str | list[str] | bool] = {"label": f"{STACK_LABEL}={STACK}"}
        containers = [str(one.name) for one in self.client.containers.list(all=True, filters=mine)]
        networks = [str(one.name) for one in self.client.networks.list(filters=mine)]
        return [*containers, *networks, *(str(one.id) for one in self.client.volumes.list())]


@dataclass(frozen=True)
class Start:
    """One `up`: its outcome, and the time that its containers needed to start."""

    stack: LocalStack
    outcome: Outcome
    chain_seconds: float
    chain: list[str]
    """The containers that waited for each other."""

    @property
    def overhead_seconds(self) -> float:
        """What the deployment took longer than its containers."""
        return self.outcome.seconds - self.chain_seconds


@contextmanager
def local_stack() -> Iterator[LocalStack]:
    """An engine with every image, and a project with an empty stack.

    Raises NotHereError if this machine cannot run it.
    """
    settings = LocalSettings.model_validate({**SHORT_CYCLES, "ports": free_stack_ports()})
    catalogue = catalogue_for(settings)
    with (
        tempfile.TemporaryDirectory(prefix="local-stack-") as temporary,
        engine.running() as host,
        engine.client(host) as client,
    ):
        folder = Path(temporary)
        scrapes = _prometheus_configuration(catalogue)
        names = catalogue.images
        if not opensearch.missing():
            changed = {**settings.model_dump(), **ON_ELASTICSEARCH}
            names = catalogue_for(LocalSettings.model_validate(changed)).images
        images.make(client, names, catalogue.builds["copilot"], scrapes)
        builder = EngineBuilder(client)
        providers = {
            "docker": docker_package(client.api, builder, folder / "project", _POLL_SECONDS),
            "aws": aws_package(Account()),
        }
        environment = {"DOCKER_HOST": host, "PULUMI_CONFIG_PASSPHRASE": ""}
        binaries = lay_out(folder / "bin")
        with attached(folder, binaries, providers, environment) as commands:
            project = Project(commands)
            project.configure(STACK, **SHORT_CYCLES, ports=dict(settings.ports))
            project.pulumi("stack", "init", STACK)
            yield LocalStack(project, client, settings, catalogue)


def _prometheus_configuration(catalogue: Catalogue) -> str:
    """The scrapes of Alloy for the Prometheus in Mimir's place, as JSON, which is YAML."""
    seconds = catalogue.settings.scrape_seconds
    return json.dumps(
        {
            "global": {
                "scrape_interval": f"{seconds}s",
                "scrape_timeout": f"{scrape_timeout(seconds)}s",
            },
            "scrape_configs": [
                {
                    "job_name": target.job,
                    "static_configs": [
                        {"targets": [target.address], "labels": {"cluster": target.cluster}}
                    ],
                }
                for target in targets(catalogue.services)
            ],
        }
    )
