"""Pulumi's real engine and command line, with fakes for what they reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.binaries import lay_out, require_pulumi
from tests.engine.project import free_stack_ports
from tests.engine.worlds import Snapshot, World, world


@dataclass(frozen=True)
class Prepared:
    """A stack before and after its first `up`."""

    empty: Snapshot
    running: Snapshot


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with Pulumi's CLI."""
    require_pulumi()
    return lay_out(tmp_path_factory.mktemp("engine") / "bin")


@pytest.fixture(scope="session")
def prepared_local(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    with world(tmp_path_factory.mktemp("local"), binaries) as made:
        made.configure("local", ports=free_stack_ports())
        made.pulumi("stack", "init", "local")
        empty = made.snapshot("empty")
        made.up("local")
        yield Prepared(empty, made.snapshot("running"))


@pytest.fixture
def empty_local(prepared_local: Prepared) -> World:
    """The stack `local` before its first `up`."""
    return prepared_local.empty.restored()


@pytest.fixture
def running_local(prepared_local: Prepared) -> World:
    """The stack `local` after its first `up`."""
    return prepared_local.running.restored()


@pytest.fixture(scope="session")
def prepared_aws(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    with world(tmp_path_factory.mktemp("aws"), binaries) as made:
        made.configure("copilot", ports=free_stack_ports())
        # Built from a checkout, or here already.
        made.docker.pull("temporal-dsql-runtime:test")
        for stack in ("dev", "copilot"):
            made.pulumi("stack", "init", stack)
        empty = made.snapshot("empty")
        for stack in ("dev", "copilot"):
            made.up(stack)
        yield Prepared(empty, made.snapshot("running"))


@pytest.fixture
def empty_aws(prepared_aws: Prepared) -> World:
    """The stacks `dev` and `copilot` before their first `up`."""
    return prepared_aws.empty.restored()


@pytest.fixture
def running_aws(prepared_aws: Prepared) -> World:
    """The stacks `dev` and `copilot`, both up."""
    return prepared_aws.running.restored()
