"""`python -m copilot export`: write the stored snapshots of a cluster as a file for a replay."""

import logging
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from copilot import process
from copilot.clusters.configured import configured_clusters
from copilot.errors import FileError, NoCyclesError, SettingsError
from copilot.health.decision import Decision, Memory, State
from copilot.replay.snapshot_file import SnapshotLine
from copilot.settings import Settings
from copilot.store.location import locate_store
from copilot.store.records import CycleRecord
from copilot.store.repository import Repository

# A cycle takes up to 250 kB, and longer with more queues.
CYCLES_A_PAGE = 40

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="file to write; - (default) is stdout"
    )
    parser.add_argument(
        "--from",
        dest="start",
        type=_time,
        default=datetime.min.replace(tzinfo=UTC),
        metavar="TIME",
        help="first time, such as 2026-11-28 or 2026-11-28T20:00:00Z; UTC without a zone"
        " (default: the oldest stored cycle)",
    )
    parser.add_argument(
        "--to",
        dest="end",
        type=_time,
        default=datetime.max.replace(tzinfo=UTC),
        metavar="TIME",
        help="end, which is not in the file (default: up to the newest stored cycle)",
    )
    parser.add_argument("--cluster", help="name of the cluster (default: the only one)")


def _only_cluster(settings: Settings) -> str:
    """Raises SettingsError where there are several clusters, or none."""
    names = list(configured_clusters(settings)().by_name)
    if len(names) != 1:
        raise SettingsError(f"--cluster is required, one of: {', '.join(names) or 'none'}")
    return names[0]


def run(options: Namespace) -> int:
    """Returns the exit code; prints a CopilotError."""

    async def job(settings: Settings) -> None:
        if options.start >= options.end:
            raise SettingsError("--from must be before --to")
        cluster = options.cluster or _only_cluster(settings)
        count = 0
        with _destination(options.file) as file:
            async with Repository.open(locate_store(settings)) as repository:
                async for line in _lines(repository, cluster, options.start, options.end):
                    file.write(line.as_line())
                    count += 1
            if not count:
                raise NoCyclesError(f"the store has no cycle of cluster {cluster} in that time")
        log.info("wrote %d snapshots of cluster %s", count, cluster)

    return process.run(job)


async def _lines(
    repository: Repository, cluster: str, start: datetime, end: datetime
) -> AsyncIterator[SnapshotLine]:
    memory = await repository.load_memory(cluster, start)
    is_first, last = True, None
    while page := await repository.records(cluster, start, end, limit=CYCLES_A_PAGE, after=last):
        for record in page:
            yield _line(record, memory, is_first=is_first)
            is_first, memory, last = False, record.decision.memory, record


def _line(record: CycleRecord, memory: Memory | None, *, is_first: bool) -> SnapshotLine:
    """The record's snapshot, with a memory if it does not follow from the line before."""
    decision = record.decision
    follows = memory is not None and (memory.cycle, memory.state) == (
        decision.cycle - 1,
        decision.previous_state,
    )
    start = None
    if not follows:
        start = _memory_before(decision)
    elif is_first:
        start = memory
    return SnapshotLine(**dict(record.snapshot), memory=start)


def _memory_before(decision: Decision) -> Memory:
    """What the cycle started from, as far as its own decision shows it.

    The cycle before it is not stored. The counters start at 0; trailing rates include this cycle.
    """
    if decision.cycle == 1:
        return Memory()
    known = decision.previous_state is not State.UNKNOWN
    return decision.memory.model_copy(
        update={
            "state": decision.previous_state,
            "standing": decision.previous_state if known else decision.memory.standing,
            "cycle": decision.cycle - 1,
            "critical_run": 0,
            "below_critical_run": 0,
            "clear_run": 0,
        }
    )


@contextmanager
def _destination(name: str) -> Iterator[BinaryIO]:
    """The file to write. A regular file gets its name only when it is whole. Raises FileError."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    path = Path(name)
    is_special = path.exists() and not path.is_file()
    written = path if is_special else path.with_name(f"{path.name}.partial")
    try:
        try:
            with written.open("wb") as file:
                yield file
            if not is_special:
                written.replace(path)
        except BaseException:
            if not is_special:
                written.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileError(f"cannot write {name}: {error.strerror or error}") from error


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a time such as 2026-11-28T20:00:00Z") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)
