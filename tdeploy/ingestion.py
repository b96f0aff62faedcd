"""Ingesting: a job is started, awaited with a time limit, and judged."""

import time
from collections.abc import Callable, Mapping

from tdeploy.corpus_bucket import Stored
from tdeploy.errors import AwsRefusalError, InterruptedByUserError, NoError
from tdeploy.knowledge_base import Job, KnowledgeBase

# A small corpus is ingested within seconds, a large one within minutes.
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 5.0
_JOB_GOES_ON = "ConflictException"
_LOOK = "see `tdeploy kb jobs`"


def is_up_to_date(last: Job, stored: Mapping[str, Stored]) -> bool:
    """Whether the last job has seen all that the bucket holds now, and nothing more.

    Also after a synchronisation whose ingestion failed or never began: an upload since then is
    newer than the job, and a deletion leaves fewer objects than it scanned.
    """
    return (
        last.succeeded
        and last.statistics.scanned == len(stored)
        and all(item.modified <= last.started_at for item in stored.values())
    )


def ingest(base: KnowledgeBase, *, limit_seconds: float, progress: Callable[[str], None]) -> Job:
    """Ingest what the data source holds now, and return the job when all went well.

    A job that goes on already may have begun before the last upload: it is awaited, and ours
    begins after it. Raises NoError where the job fails, a document fails, or it takes longer than
    the limit; AwsError; and InterruptedByUserError, because Ctrl-C ends the waiting, not the job.
    """
    due = time.monotonic() + limit_seconds
    while True:
        try:
            job = base.start_job()
        except AwsRefusalError as error:
            newest = base.jobs(limit=1) if error.code == _JOB_GOES_ON else []
            if not newest or not newest[0].goes_on:
                raise
            _ended(base, newest[0], due, lambda text: progress(f"waiting for an earlier {text}"))
        else:
            return _succeeded(_ended(base, job, due, progress))


def _ended(base: KnowledgeBase, job: Job, due: float, progress: Callable[[str], None]) -> Job:
    wait = _FIRST_WAIT_SECONDS
    try:
        # Asked before the first wait, too: a small job has ended by then.
        while (job := base.job(job.ingestion_job_id)).goes_on:
            progress(str(job))
            if time.monotonic() + wait > due:
                raise NoError(f"job {job.ingestion_job_id} goes on, beyond the time limit: {_LOOK}")
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
    except KeyboardInterrupt as stop:
        raise InterruptedByUserError(
            f"not waiting any longer; job {job.ingestion_job_id} goes on: {_LOOK}"
        ) from stop
    return job


def _succeeded(job: Job) -> Job:
    if job.succeeded:
        return job
    reasons = "; ".join(job.failure_reasons) or "Bedrock gives no reason"
    failed = f", documents failed: {job.statistics.failed}" if job.statistics.failed else ""
    raise NoError(f"job {job.ingestion_job_id} ended as {job.status}{failed}: {reasons}")
