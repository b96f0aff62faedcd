"""The repository's own project, with Docker and AWS in memory."""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.project import Project, attached
from tests.fakes import aws_preflight
from tests.fakes.aws_preflight import FakeAws
from tests.fakes.docker_engine import daemon
from tests.fakes.docker_engine.memory import MemoryEngine, image_id
from tests.fakes.pulumi.aws_package import Account, aws_package
from tests.fakes.pulumi.docker_image import Builder, context_digest
from tests.fakes.pulumi.docker_package import connected, docker_package
from tests.fakes.pulumi.values import Properties

_POLL_SECONDS = 0.05


class MemoryBuilder(Builder):
    """Adds an image to the memory engine, whose id depends on context and arguments."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine

    def build(self, image: str, context: Path, dockerfile: Path, options: Properties) -> None:
        content = f"{context_digest(context, dockerfile)} {options.get('args')}"
        self._engine.images[image] = image_id(content)


@dataclass(frozen=True)
class World(Project):
    """A project, and the Docker engine and AWS account that its commands use."""

    docker: MemoryEngine
    aws: Account
    aws_calls: FakeAws
    """The AWS that the program itself calls, without a provider."""

    def snapshot(self, name: str) -> "Snapshot":
        """A copy of the project, the engine and the account."""
        saved = self.folder.with_name(name)
        shutil.copytree(self.folder, saved)
        return Snapshot(self, saved, _contents(self.docker), _contents(self.aws))


@dataclass(frozen=True)
class Snapshot:
    """A world's contents at one time."""

    world: World
    saved: Path
    docker: dict[str, Any]
    aws: dict[str, Any]

    def restored(self) -> World:
        """The same world with these contents."""
        shutil.rmtree(self.world.folder)
        shutil.copytree(self.saved, self.world.folder)
        vars(self.world.docker).update(copy.deepcopy(self.docker))
        vars(self.world.aws).update(copy.deepcopy(self.aws))
        self.world.aws_calls.refusal = self.world.aws_calls.model_error = None
        return self.world


@contextmanager
def world(folder: Path, binaries: Path) -> Iterator[World]:
    """A copy of the project in `folder`, without resources."""
    engine, account = MemoryEngine(), Account()
    with (
        daemon.serving(engine) as host,
        connected(host) as client,
        aws_preflight.serving() as aws_calls,
    ):
        docker = docker_package(client, MemoryBuilder(engine), folder / "project", _POLL_SECONDS)
        providers = {"docker": docker, "aws": aws_package(account)}
        environment = {
            "DOCKER_HOST": host,
            "PULUMI_CONFIG_PASSPHRASE": "",
            "AWS_ENDPOINT_URL": aws_calls.url,
        }
        with attached(folder, binaries, providers, environment) as commands:
            _sign_in(folder / "home")
            yield World(commands, engine, account, aws_calls)


def _sign_in(home: Path) -> None:
    credentials = home / ".aws" / "credentials"
    credentials.parent.mkdir()
    keys = "aws_access_key_id = tester\naws_secret_access_key = tester\n"
    credentials.write_text(f"[default]\n{keys}", encoding="utf-8")


def _contents(owner: object) -> dict[str, Any]:
    """The contents of an engine or account, without its locks and counters."""
    return {
        key: copy.deepcopy(value) for key, value in vars(owner).items() if not key.startswith("_")
    }
