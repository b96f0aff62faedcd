"""What Pulumi's command complains of about a clone's own files, in words that say what to do."""

import re
from pathlib import Path

from stacks import passphrase

_LOST = re.compile(r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE")
_WRONG = re.compile(r"incorrect passphrase")


def in_our_words(folder: Path, complaint: str) -> str | None:
    """The file and what to do about it, or None where the complaint is about something else.

    `folder` is the clone's.
    """
    if _LOST.search(complaint) and not passphrase.chosen():
        return passphrase.lost(folder)
    if _WRONG.search(complaint):
        return passphrase.wrong(folder)
    return None
