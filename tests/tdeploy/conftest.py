"""The command line on Pulumi's real engine, with Docker and AWS in memory.

A stack is brought up once a session; each test gets a copy of the clone as it was then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.catalogue.by_stack import catalogue_for
from stacks.settings import LocalSettings
from tests.engine.conftest import binaries, empty_aws, prepared_aws, running_aws
from tests.engine.worlds import Snapshot, World, world
from tests.ports import free_ports
from tests.tdeploy.command import Completed, Tdeploy

__all__ = ["binaries", "empty_aws", "prepared_aws", "running_aws"]


@dataclass(frozen=True)
class Clone:
    """A clone of the repository, and the command line in it."""

    world: World
    tdeploy: Tdeploy


@dataclass(frozen=True)
class PreparedLocal:
    """The stack `local` in a fresh clone, before and after its first `tdeploy up`."""

    fresh: Snapshot
    up: Snapshot
    first_up: Completed


def _clone(project: World) -> Clone:
    return Clone(project, Tdeploy(project.folder, project.commands.environment))


def _clone_with_passphrase_file(project: World) -> Clone:
    environment = dict(project.commands.environment)
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    return Clone(project, Tdeploy(project.folder, environment))


@pytest.fixture(scope="session")
def prepared_local(
    binaries: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PreparedLocal]:
    ports = sorted(catalogue_for(LocalSettings()).overridable.ports)
    with world(tmp_path_factory.mktemp("local"), binaries) as project:
        # The default ports may be in use on this machine.
        project.configure("local", ports=free_ports(ports))
        fresh = project.snapshot("fresh")
        first_up = _clone_with_passphrase_file(project).tdeploy("up", "-p", "local")
        assert first_up.exit_code == 0, first_up.stderr
        yield PreparedLocal(fresh, project.snapshot("up"), first_up)


@pytest.fixture
def fresh(prepared_local: PreparedLocal) -> Clone:
    """A clone on which nothing was run yet, without a passphrase in the environment."""
    return _clone_with_passphrase_file(prepared_local.fresh.restored())


@pytest.fixture
def local(prepared_local: PreparedLocal) -> Clone:
    """A clone whose stack `local` is up, with its passphrase in a file."""
    return _clone_with_passphrase_file(prepared_local.up.restored())


@pytest.fixture
def aws(running_aws: World) -> Clone:
    """A clone whose stacks `dev` and `copilot` are up."""
    return _clone(running_aws)


@pytest.fixture
def without_aws(empty_aws: World) -> Clone:
    """A clone whose stacks `dev` and `copilot` hold nothing."""
    return _clone(empty_aws)
