"""The Copilot as a user runs it, on a lab of its own with three instances of history.

Cycles of 5 s, scrapes of 2 s and windows of 15 s and 30 s replace 30 s, 15 s, 1 min and 5 min; the
rules count in cycles. Half of a cycle is the time-out of a source, which a busy machine needs. A
fake Loki counts in the servers' log files, and a fake Bedrock explains.
"""

from collections.abc import Iterator

import pytest

from lab.cluster import Lab
from tests.fakes import bedrock_model
from tests.fakes.bedrock_model import FakeBedrock, typed_answer
from tests.fakes.loki import loki_over
from tests.lab.servers import running_lab
from tests.lab.verdicts.limits import WORDS
from tests.lab.watch import Watch

FAST = {
    "COPILOT_CYCLE_SECONDS": "5",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Three instances: the loss of one, or its restart, is a notice."""
    with running_lab(histories=3) as lab:
        yield lab


@pytest.fixture(scope="session")
def bedrock() -> Iterator[FakeBedrock]:
    """A model that explains everything with the same words."""
    with bedrock_model.running() as fake:
        fake.answers = [typed_answer(reading=WORDS)]
        yield fake


@pytest.fixture(scope="session")
def watch(lab: Lab, bedrock: FakeBedrock) -> Iterator[Watch]:
    """The Copilot on this lab, at first without load."""
    with loki_over(lab.folder / "logs") as (loki_url, _):
        lab.start_copilot({**FAST, **bedrock.environment, "LOKI_URL": loki_url})
        watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
        yield watch
        watch.close()
        lab.stop_load()
        lab.stop_copilot()
