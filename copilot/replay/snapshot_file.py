"""The file of snapshots: JSON lines, described in docs/replay.md."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import Field, ValidationError
from pydantic_core import from_json

from copilot.errors import FileError
from copilot.health.decision import Memory
from copilot.signals.snapshot import Snapshot

VERSION = 1
"""Of the lines that this Copilot writes; raised when a field's meaning changes.

A line without a version is a snapshot as the store holds it, which is version 1.
"""
# A snapshot of 1,000 queues, the most that the settings allow, takes about 1.3 MB.
MAX_LINE_BYTES = 32 * 1024 * 1024


class SnapshotLine(Snapshot):
    """A stored snapshot. With a `memory` its cycle starts from that, else from the line before."""

    version: int = Field(VERSION, ge=1)
    memory: Memory | None = None

    def as_line(self) -> bytes:
        unset = {"memory"} if self.memory is None else None
        return self.model_dump_json(exclude=unset).encode() + b"\n"


def read_snapshots(name: str) -> Iterator[SnapshotLine]:
    """The snapshots of a file, as it is read; `-` is stdin. Empty lines are skipped.

    Raises FileError for a file that cannot be read, and at the first line that is not a snapshot,
    with its number. A last line that is truncated is reported after the lines before it.
    """
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            yield from snapshots_of(file, "stdin" if name == "-" else name)
    except OSError as error:
        raise FileError(f"cannot read {name}: {error.strerror or error}") from error


def snapshots_of(file: BinaryIO, name: str) -> Iterator[SnapshotLine]:
    """The snapshots of an open file, as `read_snapshots` gives them."""
    latest: dict[str, datetime] = {}
    number = count = 0
    while text := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if not text.strip():
            continue
        line = _parse(text, f"{name}, line {number}", count)
        if line.at < latest.get(line.cluster, line.at):
            raise FileError(
                f"{name}, line {number}: the snapshot is older than the one before it:"
                " sort the lines by their field at"
            )
        latest[line.cluster] = line.at
        count += 1
        yield line
    if not count:
        raise FileError(f"{name} is empty: write it with `python -m copilot export`")


def _parse(text: bytes, where: str, count: int) -> SnapshotLine:
    if len(text) > MAX_LINE_BYTES:
        raise FileError(
            f"{where}: not a snapshot: the line is longer than {MAX_LINE_BYTES // 2**20} MiB"
        )
    try:
        line = SnapshotLine.model_validate_json(text)
    except ValidationError as error:
        raise _line_error(error, text, where, count) from error
    if line.version > VERSION:
        raise _newer_version(line.version, where)
    return line


def _line_error(error: ValidationError, text: bytes, where: str, count: int) -> FileError:
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] != "json_invalid":
        # Of a newer version, more than the number can differ.
        version = _version(text)
        if version is not None and version > VERSION:
            return _newer_version(version, where)
        field = ".".join(str(part) for part in first["loc"])
        problem = f"{field}: {first['msg']}" if field else first["msg"]
        return FileError(f"{where}: not a snapshot of the Copilot ({problem})")
    if text.startswith(b"{") and not text.endswith(b"\n"):
        return FileError(f"{where}: truncated; the file has {count} whole snapshots before it")
    return FileError(f"{where}: not a snapshot of the Copilot ({first['msg']})")


def _version(text: bytes) -> int | None:
    content = from_json(text)
    version = content.get("version") if isinstance(content, dict) else None
    return version if isinstance(version, int) else None


def _newer_version(version: int, where: str) -> FileError:
    return FileError(
        f"{where}: version {version} of the format; this Copilot reads up to {VERSION}:"
        " use the Copilot that wrote the file, or a later one"
    )
