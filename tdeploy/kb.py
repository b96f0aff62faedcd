"""`tdeploy kb`: the corpus of the Copilot's knowledge base, from files to passages."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tdeploy.console import remark, require_yes, say, say_json, say_table, side_console
from tdeploy.errors import NoError, TdeployError
from tdeploy.profile import DEFAULT, AsJson, Profile, Yes

if TYPE_CHECKING:
    from tdeploy.corpus_bucket import CorpusBucket
    from tdeploy.corpus_sync import Comparison
    from tdeploy.knowledge_base import Job, KnowledgeBase, Part

# What each command needs is imported by it alone: `--help` has to be quick.

app = typer.Typer(
    help="Fill the Copilot's knowledge base, and look at it.",
    no_args_is_help=True,
)

_STATUS_JOBS = 5
_SHOWN_KEYS = 5
_SHOWN_FAILURES = 20
_BUCKET, _KB, _DS, _REGION = "kb_source_bucket", "knowledge_base_id", "data_source_id", "region"
_OPTIONS = {_BUCKET: "--bucket", _KB: "--kb-id", _DS: "--ds-id", _REGION: "--region"}

Source = Annotated[
    Path | None,
    typer.Option(
        "--source",
        "-s",
        help="folder of Markdown files, by default the Copilot's own corpus; what it has not is"
        " deleted from the bucket, after asking",
    ),
]
Bucket = Annotated[
    str | None, typer.Option("--bucket", "-b", help="bucket of the corpus; by default the stack's")
]
KbId = Annotated[
    str | None, typer.Option("--kb-id", "-k", help="knowledge base; by default the stack's")
]
DsId = Annotated[
    str | None, typer.Option("--ds-id", "-d", help="its data source; by default the stack's")
]
Region = Annotated[
    str | None, typer.Option("--region", "-r", help="AWS region; by default the stack's")
]
Timeout = Annotated[float, typer.Option(min=1, max=1440, help="minutes to wait for the ingestion")]


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
    """Bring the files into the bucket, and ingest them.

    Nothing is ingested where nothing changed since the last job.

    Example: tdeploy kb populate --timeout 30
    """
    from tdeploy.ingestion import is_up_to_date  # noqa: PLC0415

    known = _known(profile, {_BUCKET: bucket, _KB: kb_id, _DS: ds_id, _REGION: region})
    base = _knowledge_base(known)
    read = base.source().bucket
    if read != known[_BUCKET]:
        raise TdeployError(
            f"data source {known[_DS]} reads {read or 'no bucket'}, not {known[_BUCKET]}: name that"
            " one with --bucket, or another data source with --ds-id"
        )
    found = _sync(source, _corpus_bucket(known), yes=yes)
    if not found.plan.uploads and not found.plan.removed:
        newest = next(iter(base.jobs(limit=1)), None)
        if newest and is_up_to_date(newest, found.stored):
            say(f"not ingested: job {newest.ingestion_job_id} has seen all of it")
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

    Changed files are uploaded, and what is gone is deleted after asking. Only Markdown is touched.

    Example: tdeploy kb sync --source copilot/knowledge/corpus
    """
    known = _known(profile, {_BUCKET: bucket, _REGION: region})
    _sync(source, _corpus_bucket(known), yes=yes)


@app.command()
def ingest(
    *,
    kb_id: KbId = None,
    ds_id: DsId = None,
    region: Region = None,
    profile: Profile = DEFAULT,
    timeout: Timeout = 15,
) -> None:
    """Let the knowledge base read its bucket, and wait until it has.

    Ctrl-C ends the waiting, and the job goes on.

    Example: tdeploy kb ingest --timeout 30
    """
    _ingest(_knowledge_base(_known(profile, {_KB: kb_id, _DS: ds_id, _REGION: region})), timeout)


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

    Exits with 1 where the knowledge base or its data source cannot be used.

    Example: tdeploy kb status -k KB_ID -d DS_ID -r eu-west-1
    """
    known = _known(profile, {_KB: kb_id, _DS: ds_id, _REGION: region})
    asked = _knowledge_base(known)
    base, source = asked.base(), asked.source()
    documents, last = asked.documents(), asked.jobs(limit=_STATUS_JOBS)
    if last and not last[0].succeeded:
        # Only there are its reasons.
        last[0] = asked.job(last[0].ingestion_job_id)
    if as_json:
        say_json(
            {
                "region": known[_REGION],
                "knowledge_base": {"id": known[_KB]} | base.model_dump(mode="json"),
                "data_source": {"id": known[_DS]} | source.model_dump(mode="json"),
                "documents": documents,
                "jobs": [job.model_dump(mode="json") for job in last],
            }
        )
    else:
        say(f"knowledge base: {_described(base, known[_KB])}")
        say(f"data source: {_described(source, known[_DS])}")
        counts = ", ".join(f"{count} {state}" for state, count in sorted(documents.items()))
        say(f"documents: {counts or 'none'}")
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
        int, typer.Option("--limit", "-l", min=1, max=1000, help="how many of the last")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """List the last ingestions, newest first.

    Example: tdeploy kb jobs -l 3 --json
    """
    known = _known(profile, {_KB: kb_id, _DS: ds_id, _REGION: region})
    found = _knowledge_base(known).jobs(limit)
    if as_json:
        say_json([job.model_dump(mode="json", exclude={"failure_reasons"}) for job in found])
    else:
        _print_jobs(found)


def _known(stack: str, given: Mapping[str, str | None]) -> dict[str, str]:
    """Each value by the name of the stack's output, which stands for an option not given."""
    known = {name: value for name, value in given.items() if value}
    missing = [name for name in given if name not in known]
    if not missing:
        return known
    from tdeploy.project import stack_outputs  # noqa: PLC0415

    made = stack_outputs(stack)
    for name in missing:
        if not made.get(name):
            raise TdeployError(
                f"the stack {stack} has no {name}: only copilot, once it is up, has a knowledge"
                f" base; run `tdeploy infra apply-copilot`, or name one with {_OPTIONS[name]}"
            )
        known[name] = str(made[name])
    return known


def _corpus_bucket(known: Mapping[str, str]) -> "CorpusBucket":
    from tdeploy.corpus_bucket import CorpusBucket  # noqa: PLC0415

    return CorpusBucket(known[_BUCKET], known[_REGION])


def _knowledge_base(known: Mapping[str, str]) -> "KnowledgeBase":
    from tdeploy.knowledge_base import KnowledgeBase  # noqa: PLC0415

    return KnowledgeBase(known[_KB], known[_DS], known[_REGION])


def _sync(source: Path | None, bucket: "CorpusBucket", *, yes: bool) -> "Comparison":
    from copilot.knowledge.corpus import FOLDER  # noqa: PLC0415
    from tdeploy.corpus_sync import carry_out, compare  # noqa: PLC0415
    from tools.progress import shown  # noqa: PLC0415

    folder = source or FOLDER
    found = compare(folder, bucket)
    chosen = found.plan
    if chosen.removed:
        question = (
            f"delete what {folder} has not ({len(chosen.removed)}), of {bucket.url}:"
            f" {_some(chosen.removed)}"
        )
        require_yes(question, yes=yes)
    with shown(side_console()) as progress:
        failures = carry_out(
            chosen,
            folder,
            bucket,
            lambda done, of: progress(f"uploading to {bucket.url}, {done} of {of}"),
        )
    for sentence in list(failures.values())[:_SHOWN_FAILURES]:
        remark(sentence)
    if failures:
        every = len(chosen.uploads) + len(chosen.removed)
        raise NoError(
            f"{bucket.url} is not as {folder} is: {len(failures)} of {every} changes failed;"
            " run it again for those"
        )
    say(
        f"{bucket.url}: {len(chosen.new)} new, {len(chosen.changed)} changed,"
        f" {len(chosen.removed)} deleted, {len(chosen.unchanged)} unchanged"
    )
    return found


def _ingest(base: "KnowledgeBase", minutes: float) -> None:
    from tdeploy.ingestion import ingest as ingest_now  # noqa: PLC0415
    from tools.progress import shown  # noqa: PLC0415

    with shown(side_console()) as progress:
        job = ingest_now(base, limit_seconds=60 * minutes, progress=progress)
    say(str(job))


def _some(keys: tuple[str, ...]) -> str:
    rest = len(keys) - _SHOWN_KEYS
    return ", ".join(keys[:_SHOWN_KEYS]) + (f" and {rest} more" if rest > 0 else "")


def _described(part: "Part", its_id: str) -> str:
    why = f": {'; '.join(part.failure_reasons)}" if part.failure_reasons else ""
    return f"{part.name} ({its_id}) {part.status}{why}"


def _print_jobs(found: Sequence["Job"]) -> None:
    if not found:
        say("jobs: none yet")
        return
    columns = ("started", "job", "status", "scanned", "new", "modified", "deleted", "failed")
    say_table(
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
        say(f"{found[0].ingestion_job_id}: {reason}")
