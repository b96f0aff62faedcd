"""Pulumi's real engine and command line, with stand-ins for what they reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.local import planned
from stacks.settings import LocalSettings
from tests.engine.binaries import lay_out, require_pulumi
from tests.engine.project import free_ports
from tests.engine.worlds import Snapshot, World, world


@dataclass(frozen=True)
class Prepared:
    """A stack before and after its first `up`."""

    empty: Snapshot
    standing: Snapshot


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with Pulumi's CLI."""
    require_pulumi()
    return lay_out(tmp_path_factory.mktemp("engine") / "bin")


@pytest.fixture(scope="session")
def prepared_local(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    ports = free_ports(sorted(planned(LocalSettings()).known.ports))
    with world(tmp_path_factory.mktemp("local"), binaries) as made:
        made.configure("local", ports=ports)
        made.pulumi("stack", "init", "local")
        empty = made.snapshot("empty")
        made.up("local")
        yield Prepared(empty, made.snapshot("standing"))


@pytest.fixture
def empty_local(prepared_local: Prepared) -> World:
    """The stack `local` before its first `up`."""
    return prepared_local.empty.restored()


@pytest.fixture
def standing_local(prepared_local: Prepared) -> World:
    """The stack `local` after its first `up`."""
    return prepared_local.standing.restored()


@pytest.fixture(scope="session")
def prepared_aws(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    # Its own module would import all of AWS's SDK here.
    ports = free_ports(sorted({*planned(LocalSettings()).known.ports, "elasticsearch"}))
    with world(tmp_path_factory.mktemp("aws"), binaries) as made:
        made.configure("copilot", ports=ports)
        # Built from a checkout, or here already.
        made.docker.pull("temporal-dsql-runtime:test")
        for stack in ("dev", "copilot"):
            made.pulumi("stack", "init", stack)
        empty = made.snapshot("empty")
        for stack in ("dev", "copilot"):
            made.up(stack)
        yield Prepared(empty, made.snapshot("standing"))


@pytest.fixture
def empty_aws(prepared_aws: Prepared) -> World:
    """The stacks `dev` and `copilot` before their first `up`."""
    return prepared_aws.empty.restored()


@pytest.fixture
def standing_aws(prepared_aws: Prepared) -> World:
    """The stacks `dev` and `copilot`, both up."""
    return prepared_aws.standing.restored()
