"""One real lab for the whole session."""

from collections.abc import Iterator

import pytest

from lab.cluster import Lab
from tests.lab.servers import running_lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab without load and without the Copilot.

    A test that starts a load or the Copilot, or injects a fault, ends it.
    """
    with running_lab() as lab:
        yield lab
