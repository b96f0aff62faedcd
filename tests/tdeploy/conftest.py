"""The command line on Pulumi's real engine, with Docker and AWS in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.local import planned
from stacks.settings import LocalSettings
from tests.engine.conftest import (
    binaries,
    empty_aws,
    prepared_aws,
    prepared_local,
    standing_aws,
    standing_local,
)
from tests.engine.project import free_ports
from tests.engine.worlds import World, world
from tests.tdeploy.command import Tdeploy

__all__ = [
    "binaries",
    "empty_aws",
    "prepared_aws",
    "prepared_local",
    "standing_aws",
    "standing_local",
]


@dataclass(frozen=True)
class Clone:
    """A clone of the repository, and the command line in it."""

    world: World
    tdeploy: Tdeploy


def _clone(made: World) -> Clone:
    return Clone(made, Tdeploy(made.folder, made.commands.environment))


@pytest.fixture
def fresh(binaries: Path, tmp_path: Path) -> Iterator[Clone]:
    """A clone on which nothing was run yet, without a passphrase in the environment."""
    with world(tmp_path, binaries) as made:
        # The usual ports may serve something else here.
        made.configure("local", ports=free_ports(sorted(planned(LocalSettings()).known.ports)))
        clone = _clone(made)
        environment = dict(made.commands.environment)
        del environment["PULUMI_CONFIG_PASSPHRASE"]
        yield Clone(clone.world, Tdeploy(made.folder, environment))


@pytest.fixture
def local(standing_local: World) -> Clone:
    """A clone whose stack `local` is up."""
    return _clone(standing_local)


@pytest.fixture
def aws(standing_aws: World) -> Clone:
    """A clone whose stacks `dev` and `copilot` are up."""
    return _clone(standing_aws)


@pytest.fixture
def without_aws(empty_aws: World) -> Clone:
    """A clone whose stacks `dev` and `copilot` hold nothing."""
    return _clone(empty_aws)
