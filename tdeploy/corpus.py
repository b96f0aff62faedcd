"""What has to change in a bucket so that it holds a folder's Markdown, and nothing that is gone."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tdeploy.errors import CorpusError

ENDING = ".md"


@dataclass(frozen=True)
class Plan:
    """Keys, in order. `removed` are Markdown only: whatever else a bucket holds is not ours."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def uploads(self) -> tuple[str, ...]:
        return self.new + self.changed


def plan(wanted: Mapping[str, str], stored: Mapping[str, str]) -> Plan:
    """Compare digests by key.

    S3 guarantees that the ETag of an object put in one part, plain or encrypted with S3's own keys
    (AES256, as the stack's bucket is), is the MD5 of its content, and lists a thousand at once; a
    checksum or metadata would cost a request an object. Any other ETag equals no MD5: that file is
    uploaded again, which is never wrong.
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
    """MD5 of every Markdown file below the folder, by key: the path from there.

    Raises CorpusError where the folder is missing, without Markdown, or holds what cannot be read:
    a file that cannot be read must not pass for one that is gone.
    """
    if not folder.is_dir():
        raise CorpusError(f"there is no folder {folder}: name another with --source")
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
        raise CorpusError(f"no {ENDING} file is in {folder}: name another with --source")
    return found


def _markdown(folder: Path, problems: list[OSError]) -> Iterator[Path]:
    # Not rglob, which is silent about a folder that it may not read.
    for parent, _, names in os.walk(folder, onerror=problems.append):
        yield from (Path(parent, name) for name in names if name.endswith(ENDING))


def _key(folder: Path, path: Path) -> str:
    key = path.relative_to(folder).as_posix()
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise CorpusError(f"the name of {path!r} is not UTF-8: rename the file") from error
    return key
