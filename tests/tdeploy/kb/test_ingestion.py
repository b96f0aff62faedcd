"""When an ingestion can be skipped: only if the last job read all that the bucket holds."""

from datetime import UTC, datetime, timedelta

import pytest

from tdeploy.kb.bucket import Stored
from tdeploy.kb.ingestion import is_up_to_date
from tdeploy.kb.knowledge_base import Job, Statistics

START = datetime(2026, 1, 2, tzinfo=UTC)
OLDER = Stored("0", START - timedelta(hours=1))
NEWER = Stored("0", START + timedelta(seconds=1))


def job(status: str = "COMPLETE", scanned: int = 2, failed: int = 0) -> Job:
    return Job(
        ingestion_job_id="JOB",
        status=status,
        started_at=START,
        updated_at=START,
        statistics=Statistics(scanned=scanned, failed=failed),
    )


def test_a_job_that_read_everything_is_not_repeated() -> None:
    assert is_up_to_date(job(), {"a.md": OLDER, "b.md": OLDER})


@pytest.mark.parametrize(
    ("last", "stored"),
    [
        pytest.param(job(), {"a.md": OLDER, "b.md": NEWER}, id="uploaded since"),
        pytest.param(job(), {"a.md": OLDER}, id="deleted since"),
        pytest.param(job("FAILED"), {"a.md": OLDER, "b.md": OLDER}, id="failed"),
        pytest.param(job("IN_PROGRESS"), {"a.md": OLDER, "b.md": OLDER}, id="running"),
        pytest.param(job(failed=1), {"a.md": OLDER, "b.md": OLDER}, id="a document failed"),
    ],
)
def test_any_other_job_is_repeated(last: Job, stored: dict[str, Stored]) -> None:
    assert not is_up_to_date(last, stored)
