from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.copilot.workflows.loop import time_skipping


@pytest.fixture
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """An in-memory Temporal that skips time while nothing runs."""
    async with await time_skipping() as started:
        yield started
