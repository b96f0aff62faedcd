"""Fill the Copilot's knowledge base, and look at it."""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from copilot.knowledge.corpus import FOLDER
from tdeploy.console import confirm, print_err, print_json, print_out, print_table
from tdeploy.errors import NoError, TdeployError
from tdeploy.kb.bucket import CorpusBucket
from tdeploy.kb.ingestion import ingest as ingest_now
from tdeploy.kb.ingestion import is_up_to_date
from tdeploy.kb.knowledge_base import Job, KnowledgeBase, Part
from tdeploy.kb.options import (
    Bucket,
    DsId,
    KbId,
    Region,
    Source,
    Timeout,
    corpus_bucket,
    knowledge_base,
)
from tdeploy.kb.sync import Comparison, apply, compare
from tdeploy.lazy import typer_app
from tdeploy.profile import DEFAULT, AsJson, Profile, Yes
from tdeploy.terminal import stderr_console
from tools.progress import shown

app = typer_app(help=__doc__)

_STATUS_JOBS = 5
_MAX_KEYS = 5
_MAX_FAILURES = 20


@app.command()
def populate(
    *,
    source: Source = None,
    bucket: Bucket = None,
    kb_id: KbId = None,
    ds_id: DsId = None,
    region: Region = None,
    profile: Profile = DEFAULT,
    timeout: Timeout = 15,
    yes: Yes = False,
) -> None:
    """Upload the files to the bucket, and ingest them.

    Skips the ingestion if nothing changed since the last job.

    Example: tdeploy kb populate --timeout 30
    """
    corpus = corpus_bucket(profile, bucket, region)
    base = knowledge_base(profile, kb_id, ds_id, region)
    source_bucket = base.source().bucket
    if source_bucket != corpus.name:
        raise TdeployError(
            f"data source {base.data_source_id} reads {source_bucket or 'no bucket'}, not"
            f" {corpus.name}: pass that bucket with --bucket, or another data source with --ds-id"
        )
    comparison = _sync(source, corpus, yes=yes)
    if not comparison.plan.uploads and not comparison.plan.removed:
        last = next(iter(base.jobs(limit=1)), None)
        if last and is_up_to_date(last, comparison.stored):
            print_out(f"not ingested: job {last.ingestion_job_id} included all of it")
            return
    _ingest(base, timeout)


@app.command()
def sync(
    *,
    source: Source = None,
    bucket: Bucket = None,
    region: Region = None,
    profile: Profile = DEFAULT,
    yes: Yes = False,
) -> None:
    """Make the bucket hold what the folder holds.

    Uploads changed files, and deletes missing ones after asking. Only Markdown files are touched.

    Example: tdeploy kb sync --source copilot/knowledge/corpus
    """
    _sync(source, corpus_bucket(profile, bucket, region), yes=yes)


@app.command()
def ingest(
    *,
    kb_id: KbId = None,
    ds_id: DsId = None,
    region: Region = None,
    profile: Profile = DEFAULT,
    timeout: Timeout = 15,
) -> None:
    """Start an ingestion of the bucket, and wait for its end.

    Ctrl-C stops the waiting, and the job goes on.

    Example: tdeploy kb ingest --timeout 30
    """
    _ingest(knowledge_base(profile, kb_id, ds_id, region), timeout)


@app.command()
def status(
    *,
    kb_id: KbId = None,
    ds_id: DsId = None,
    region: Region = None,
    profile: Profile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show knowledge base, data source, documents, jobs.

    Exits with 1 if the knowledge base or its data source cannot be used.

    Example: tdeploy kb status -k KB_ID -d DS_ID -r eu-west-1
    """
    client = knowledge_base(profile, kb_id, ds_id, region)
    base, source = client.base(), client.source()
    documents, last = client.documents(), client.jobs(limit=_STATUS_JOBS)
    if last and not last[0].succeeded:
        # The list of jobs has no failure reasons.
        last[0] = client.job(last[0].ingestion_job_id)
    if as_json:
        print_json(
            {
                "region": client.region,
                "knowledge_base": {"id": client.knowledge_base_id} | base.model_dump(mode="json"),
                "data_source": {"id": client.data_source_id} | source.model_dump(mode="json"),
                "documents": documents,
                "jobs": [job.model_dump(mode="json") for job in last],
            }
        )
    else:
        print_out(f"knowledge base: {_describe(base, client.knowledge_base_id)}")
        print_out(f"data source: {_describe(source, client.data_source_id)}")
        counts = ", ".join(f"{count} {state}" for state, count in sorted(documents.items()))
        print_out(f"documents: {counts or 'none'}")
        _print_jobs(last)
    if base.status != "ACTIVE" or source.status != "AVAILABLE":
        raise typer.Exit(1)


@app.command()
def jobs(
    *,
    kb_id: KbId = None,
    ds_id: DsId = None,
    region: Region = None,
    profile: Profile = DEFAULT,
    limit: Annotated[
        int, typer.Option("--limit", "-l", min=1, max=1000, help="number of the last jobs")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """List the last ingestions, newest first.

    Example: tdeploy kb jobs -l 3 --json
    """
    found = knowledge_base(profile, kb_id, ds_id, region).jobs(limit)
    if as_json:
        print_json([job.model_dump(mode="json", exclude={"failure_reasons"}) for job in found])
    else:
        _print_jobs(found)


def _sync(source: Path | None, bucket: CorpusBucket, *, yes: bool) -> Comparison:
    folder = source or FOLDER
    comparison = compare(folder, bucket)
    plan = comparison.plan
    if plan.removed:
        confirm(
            f"this deletes from {bucket.url} what {folder} does not have ({len(plan.removed)}):"
            f" {_first_keys(plan.removed)}",
            yes=yes,
        )
    with shown(stderr_console()) as progress:
        failures = apply(
            plan,
            folder,
            bucket,
            lambda done, total: progress(f"uploading to {bucket.url}, {done} of {total}"),
        )
    for message in list(failures.values())[:_MAX_FAILURES]:
        print_err(message)
    if failures:
        total = len(plan.uploads) + len(plan.removed)
        raise NoError(
            f"{bucket.url} differs from {folder}: {len(failures)} of {total} changes failed;"
            " run the command again for these"
        )
    print_out(
        f"{bucket.url}: {len(plan.new)} new, {len(plan.changed)} changed,"
        f" {len(plan.removed)} deleted, {len(plan.unchanged)} unchanged"
    )
    return comparison


def _ingest(base: KnowledgeBase, minutes: float) -> None:
    with shown(stderr_console()) as progress:
        job = ingest_now(base, limit_seconds=60 * minutes, progress=progress)
    print_out(str(job))


def _first_keys(keys: tuple[str, ...]) -> str:
    more = len(keys) - _MAX_KEYS
    return ", ".join(keys[:_MAX_KEYS]) + (f" and {more} more" if more > 0 else "")


def _describe(part: Part, part_id: str) -> str:
    reasons = f": {'; '.join(part.failure_reasons)}" if part.failure_reasons else ""
    return f"{part.name} ({part_id}) {part.status}{reasons}"


def _print_jobs(found: Sequence[Job]) -> None:
    if not found:
        print_out("jobs: none yet")
        return
    columns = ("started", "job", "status", "scanned", "new", "modified", "deleted", "failed")
    print_table(
        columns,
        [
            (
                f"{job.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}",
                job.ingestion_job_id,
                job.status,
                *map(str, job.statistics.model_dump().values()),
            )
            for job in found
        ],
    )
    for reason in found[0].failure_reasons:
        print_out(f"{found[0].ingestion_job_id}: {reason}")
