"""Start an ingestion job, wait for its end and check its result."""

import time
from collections.abc import Callable, Mapping

from tdeploy.errors import AwsRefusalError, InterruptedByUserError, NoError
from tdeploy.kb.bucket import Stored
from tdeploy.kb.knowledge_base import Job, KnowledgeBase

# A small corpus takes seconds, a large one minutes.
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 5.0
_JOB_IS_RUNNING = "ConflictException"
_SEE_JOBS = "see `tdeploy kb jobs`"


def is_up_to_date(last: Job, stored: Mapping[str, Stored]) -> bool:
    """Whether the last job read exactly what the bucket holds now.

    True also says that no earlier synchronisation is still to be ingested: its upload would be
    newer than the job, and its deletion would leave fewer objects than the job scanned.
    """
    return (
        last.succeeded
        and last.statistics.scanned == len(stored)
        and all(item.modified <= last.started_at for item in stored.values())
    )


def ingest(base: KnowledgeBase, *, limit_seconds: float, progress: Callable[[str], None]) -> Job:
    """Ingest what the data source holds now, and return the successful job.

    A running job may have started before the last upload: wait for it, then start ours. Raises
    NoError if the job or a document fails or the time limit passes, AwsError, and
    InterruptedByUserError on Ctrl-C, after which the job goes on.
    """
    due = time.monotonic() + limit_seconds
    while True:
        try:
            job = base.start_job()
        except AwsRefusalError as error:
            running = base.jobs(limit=1) if error.code == _JOB_IS_RUNNING else []
            if not running or not running[0].is_running:
                raise
            _wait(base, running[0], due, lambda text: progress(f"waiting for an earlier {text}"))
        else:
            return _require_success(_wait(base, job, due, progress))


def _wait(base: KnowledgeBase, job: Job, due: float, progress: Callable[[str], None]) -> Job:
    wait = _FIRST_WAIT_SECONDS
    try:
        # Before the first wait too, because a small job has ended by then.
        while (job := base.job(job.ingestion_job_id)).is_running:
            progress(str(job))
            if time.monotonic() + wait > due:
                raise NoError(
                    f"the time limit passed and job {job.ingestion_job_id} goes on: {_SEE_JOBS}"
                )
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
    except KeyboardInterrupt as stop:
        raise InterruptedByUserError(
            f"interrupted; job {job.ingestion_job_id} goes on: {_SEE_JOBS}"
        ) from stop
    return job


def _require_success(job: Job) -> Job:
    if job.succeeded:
        return job
    reasons = "; ".join(job.failure_reasons) or "Bedrock gives no reason"
    failed = f", documents failed: {job.statistics.failed}" if job.statistics.failed else ""
    raise NoError(f"job {job.ingestion_job_id} ended as {job.status}{failed}: {reasons}")
