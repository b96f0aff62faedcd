"""Errors of Pulumi's command about files of the clone, with what to do."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from stacks.workspace import passphrase

_MISSING_PASSPHRASE = re.compile(r"unable to read PULUMI_CONFIG_PASSPHRASE_FILE.*no such file")
_WRONG_PASSPHRASE = re.compile(r"incorrect passphrase")
_NO_ACCESS = re.compile(
    r"(?P<path>/[^:\"]+): (?P<why>permission denied|read-only file system|not a directory)"
)
_BROKEN_STATE = re.compile(r"load checkpoint|JSON|invalid character")
_BROKEN_SETTINGS = re.compile(r"YAML|unmarshal|to be an object")
_STATE = passphrase.STATES.parent.parent


def explain(folder: Path, stderr: str) -> str | None:
    """The file that an error is about, and what to do; None for other errors.

    `folder` is the clone's.
    """
    if _MISSING_PASSPHRASE.search(stderr) and not passphrase.user_variable():
        return passphrase.missing_message(folder)
    if _WRONG_PASSPHRASE.search(stderr):
        return passphrase.mismatch_message(folder)
    refused = _NO_ACCESS.search(stderr)
    if refused and Path(refused["path"]).is_relative_to(folder):
        return access_problem(folder, Path(refused["path"]), refused["why"])
    broken = [
        *(state_problems(folder) if _BROKEN_STATE.search(stderr) else ()),
        *(settings_problems(folder) if _BROKEN_SETTINGS.search(stderr) else ()),
    ]
    return "; ".join(broken) or None


def state_problems(folder: Path) -> Iterator[str]:
    """Each file of the state that is not JSON, with what to do."""
    for path in sorted((folder / _STATE / "stacks").rglob("*.json")):
        if _is_json(path) or not os.access(path, os.R_OK):
            continue
        copies = folder / _STATE / "backups" / path.parent.name / path.stem
        candidates = [path.with_name(f"{path.name}.bak"), *sorted(copies.glob("*.json"))[::-1]]
        copy = next(filter(_is_json, candidates), None)
        fix = (
            f"`cp {copy} {path}` restores the state before the last change"
            if copy
            else "restore it from a copy of your own; without one, remove by hand what the stack"
            " created, then the file"
        )
        yield f"{path} is truncated or empty: {fix}"
    for path in sorted((folder / _STATE / "locks").rglob("*.json")):
        if not _is_json(path) and os.access(path, os.R_OK):
            yield f"{path}, a lock, is truncated or empty: delete it while no other command runs"


def settings_problems(folder: Path, name: str = "Pulumi.*.yaml") -> Iterator[str]:
    """Each file of settings of this name that is not YAML, with what to do."""
    for path in sorted(folder.glob(name)):
        reason = _settings_error(path)
        if reason:
            yield (
                f"{path} is not YAML of keys and values: correct it, keeping encryptionsalt"
                f" ({reason})"
            )


def _settings_error(path: Path) -> str | None:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else error.problem
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return " ".join(str(error).split())
    except OSError:
        return None  # A file that cannot be read may be correct.
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


def access_problem(folder: Path, path: Path, why: str | None) -> str:
    """The message for a file of the clone in `folder` that cannot be read or written."""
    is_there = os.path.exists(path)  # noqa: PTH110  Path's raises where its folder is closed
    verb = "read" if is_there and not os.access(path, os.R_OK) else "write"
    return f"cannot {verb} {path} ({why}): make all files in {folder} yours to read and write"
