"""What Pulumi's command complains of about a clone's own files, in words that say what to do."""

import re
from pathlib import Path

from stacks import passphrase

_LOST = re.compile(r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE")
_WRONG = re.compile(r"incorrect passphrase")
_UNWRITABLE = re.compile(
    r"(?P<path>/[^:\"]+): (?P<why>permission denied|read-only file system|not a directory)"
)


def in_our_words(folder: Path, complaint: str) -> str | None:
    """The file and what to do about it, or None where the complaint is about something else.

    `folder` is the clone's.
    """
    if _LOST.search(complaint) and not passphrase.chosen():
        return passphrase.lost(folder)
    if _WRONG.search(complaint):
        return passphrase.wrong(folder)
    unwritable = _UNWRITABLE.search(complaint)
    if unwritable and Path(unwritable["path"]).is_relative_to(folder):
        return not_written(folder, Path(unwritable["path"]), unwritable["why"])
    return None


def not_written(folder: Path, path: Path, why: str | None) -> str:
    """That a file of the clone in `folder` cannot be written, and what to do."""
    return f"cannot write {path} ({why}): make {folder} and all in it writable for you"
