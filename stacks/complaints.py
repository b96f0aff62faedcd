"""What Pulumi's command complains of about a clone's own files, in words that say what to do."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from stacks import passphrase

_LOST = re.compile(r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE.*no such file")
_WRONG = re.compile(r"incorrect passphrase")
_NO_ACCESS = re.compile(
    r"(?P<path>/[^:\"]+): (?P<why>permission denied|read-only file system|not a directory)"
)
_BROKEN_STATE = re.compile(r"load checkpoint|JSON|invalid character")
_BROKEN_SETTINGS = re.compile(r"YAML|unmarshal|to be an object")
_STATE = passphrase.STATES.parent.parent


def in_our_words(folder: Path, complaint: str) -> str | None:
    """The file and what to do about it, or None where the complaint is about something else.

    `folder` is the clone's.
    """
    if _LOST.search(complaint) and not passphrase.chosen():
        return passphrase.lost(folder)
    if _WRONG.search(complaint):
        return passphrase.wrong(folder)
    refused = _NO_ACCESS.search(complaint)
    if refused and Path(refused["path"]).is_relative_to(folder):
        return no_access(folder, Path(refused["path"]), refused["why"])
    broken = [
        *(broken_state(folder) if _BROKEN_STATE.search(complaint) else ()),
        *(broken_settings(folder) if _BROKEN_SETTINGS.search(complaint) else ()),
    ]
    return "; ".join(broken) or None


def broken_state(folder: Path) -> Iterator[str]:
    """Each file of the state that is no JSON, with what to do about it."""
    for path in sorted((folder / _STATE / "stacks").rglob("*.json")):
        if _is_json(path) or not os.access(path, os.R_OK):
            continue
        copies = folder / _STATE / "backups" / path.parent.name / path.stem
        candidates = [path.with_name(f"{path.name}.bak"), *sorted(copies.glob("*.json"))[::-1]]
        copy = next(filter(_is_json, candidates), None)
        mend = (
            f"`cp {copy} {path}` puts back what was known before the last change"
            if copy
            else "put it back from a copy of your own; without one remove by hand what the stack"
            " made, then the file"
        )
        yield f"{path} is broken off or empty: {mend}"
    for path in sorted((folder / _STATE / "locks").rglob("*.json")):
        if not _is_json(path) and os.access(path, os.R_OK):
            yield f"{path}, a lock, is broken off or empty: delete it once no other command runs"


def broken_settings(folder: Path, name: str = "Pulumi.*.yaml") -> Iterator[str]:
    """Each file of settings of this name that is no YAML, with what to do about it."""
    for path in sorted(folder.glob(name)):
        why = _no_settings(path)
        if why:
            what = f"{path} is no YAML of keys and values"
            yield f"{what}: correct it, keeping encryptionsalt ({why})"


def _no_settings(path: Path) -> str | None:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else error.problem
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return " ".join(str(error).split())
    except OSError:
        return None  # which is not known of one that cannot be read
    if not isinstance(content, dict):
        return f"it holds {content!r:.20}"
    settings = content.get("config")
    return None if isinstance(settings, dict | None) else f"config is {settings!r:.20}"


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def no_access(folder: Path, path: Path, why: str | None) -> str:
    """That a file of the clone in `folder` cannot be read or written, and what to do."""
    is_there = os.path.exists(path)  # noqa: PTH110  Path's raises where its folder is closed
    verb = "read" if is_there and not os.access(path, os.R_OK) else "write"
    return f"cannot {verb} {path} ({why}): make {folder} and all in it yours to read and write"
