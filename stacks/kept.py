"""What the program itself keeps: files beside the state, in which Pulumi keeps the rest."""

import os
import secrets
from pathlib import Path

import pulumi

_BYTES = 24


def secret(name: str) -> str:
    """A random value that only this user can read: made the first time, and then the same."""
    path = _path(name)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise pulumi.RunError(f"cannot write {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        value = secrets.token_urlsafe(_BYTES)
        file.write(f"{value}\n")
    return value


def generation(name: str, *, is_lost: bool) -> str:
    """A value that changes when the thing that it stands for `is_lost`, and then stays."""
    if is_lost:
        _path(name).unlink(missing_ok=True)
    return secret(name)


def _path(name: str) -> Path:
    folder = Path(pulumi.get_root_directory()) / ".state"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise pulumi.RunError(f"cannot make {folder}: {error.strerror}") from error
    return folder / name
