"""One real Docker engine with the stack `local` for the session."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.docker.debian import NotHereError, what_is_missing
from tests.docker.local_stack import LocalStack, Start, local_stack
from tests.engine.binaries import require_pulumi


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Images are there, nothing runs. Skips with the reason where it cannot; in CI it fails."""
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


def _not_here(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
