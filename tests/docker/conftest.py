"""One real Docker engine with the stack `local` for the session."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.docker.local_stack import LocalStack, Start, local_stack
from tests.docker.machine import NotHereError, what_is_missing
from tests.engine.binaries import require_pulumi
from tests.lab.watch import Watch
from tests.tdeploy.command import Tdeploy


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The engine with all images and no containers. Skips with the reason; in CI it fails."""
    require_pulumi()
    if missing := what_is_missing():
        _not_here(missing)
    with ExitStack() as opened:
        try:
            made = opened.enter_context(local_stack())
        except NotHereError as error:
            _not_here(str(error))
        yield made


@pytest.fixture(scope="session")
def start(stack: LocalStack) -> Start:
    """The stack, up."""
    return stack.started()


@pytest.fixture
def tdeploy(start: Start) -> Tdeploy:
    """The command line in the project whose stack is up."""
    commands = start.stack.project.commands
    return Tdeploy(commands.project, commands.environment)


@pytest.fixture
def watch(start: Start) -> Iterator[Watch]:
    """The verdicts of the stack's Copilot."""
    watch = Watch(start.stack.url("copilot-api"))
    yield watch
    watch.close()


def _not_here(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
