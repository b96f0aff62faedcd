"""The changes that make a bucket hold the Markdown files of a folder."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tdeploy.errors import CorpusError

ENDING = ".md"


@dataclass(frozen=True)
class Plan:
    """Sorted keys. `removed` has Markdown files only, because other objects are not ours."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def uploads(self) -> tuple[str, ...]:
        return self.new + self.changed


def compare_digests(wanted: Mapping[str, str], stored: Mapping[str, str]) -> Plan:
    """Compare digests by key.

    S3 guarantees that an object put in one part, plain or encrypted with S3's keys (AES256, as in
    the stack's bucket), has the MD5 of its content as its ETag, and lists 1000 ETags a request; a
    checksum or metadata would need a request an object. A file with another ETag is uploaded again,
    which does no harm.
    """
    return Plan(
        new=tuple(sorted(wanted.keys() - stored.keys())),
        changed=tuple(
            sorted(key for key in wanted.keys() & stored.keys() if wanted[key] != stored[key])
        ),
        removed=tuple(sorted(key for key in stored.keys() - wanted.keys() if key.endswith(ENDING))),
        unchanged=tuple(
            sorted(key for key in wanted.keys() & stored.keys() if wanted[key] == stored[key])
        ),
    )


def digests(folder: Path) -> dict[str, str]:
    """MD5 of every Markdown file in the folder, by key: the path from the folder.

    Raises CorpusError if the folder is missing or has no Markdown, or if a file is unreadable,
    which would otherwise be deleted from the bucket.
    """
    if not folder.is_dir():
        raise CorpusError(f"the folder {folder} does not exist: pass another with --source")
    found: dict[str, str] = {}
    problems: list[OSError] = []
    for path in _markdown(folder, problems):
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(error)
        else:
            found[_key(folder, path)] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if problems:
        listed = "; ".join(sorted(f"{error.filename}: {error.strerror}" for error in problems))
        raise CorpusError(f"cannot read {listed}: nothing was uploaded")
    if not found:
        raise CorpusError(f"{folder} has no {ENDING} file: pass another folder with --source")
    return found


def _markdown(folder: Path, problems: list[OSError]) -> Iterator[Path]:
    # Not rglob, which skips an unreadable folder silently.
    for parent, _, names in os.walk(folder, onerror=problems.append):
        yield from (Path(parent, name) for name in names if name.endswith(ENDING))


def _key(folder: Path, path: Path) -> str:
    key = path.relative_to(folder).as_posix()
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise CorpusError(f"the name of {path!r} is not UTF-8: rename the file") from error
    return key
