"""Values that the program stores in files beside Pulumi's state."""

import os
import secrets
from pathlib import Path

import pulumi

_BYTES = 24
_UPDATES_KEPT = 5


def secret(name: str) -> str:
    """A random value, readable by this user only; created once."""
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
    """A random value that changes only when what it represents `is_lost`."""
    if is_lost:
        _path(name).unlink(missing_ok=True)
    return secret(name)


def trim_history(stack: str) -> None:
    """Delete what Pulumi recorded of the stack's updates before the last few.

    Pulumi keeps a whole state of each update, and a backup of it, for ever. Raises
    pulumi.RunError.
    """
    folder = _path(".pulumi")
    for name, files_per_update in (("history", 2), ("backups", 1)):
        # Their names end with the time.
        files = sorted((folder / name / pulumi.get_project() / stack).glob("*"))
        for file in files[: -_UPDATES_KEPT * files_per_update]:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise pulumi.RunError(f"cannot delete {file}: {error.strerror}") from error


def _path(name: str) -> Path:
    folder = Path(pulumi.get_root_directory()) / ".state"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise pulumi.RunError(f"cannot create {folder}: {error.strerror}") from error
    return folder / name
