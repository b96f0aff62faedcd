"""The passphrase of the stacks' secrets: made before the first stack, and never a second time."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

FILE = Path(".state") / "passphrase"
STATES = Path(".state") / ".pulumi" / "stacks" / "copilot"
SALT = "encryptionsalt:"
"""What stands in the file of a stack that has secrets, or may have."""
_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_BYTES = 24


class PassphraseError(Exception):
    """There is none, and none can be made; the message says why, and what to do."""


def environment(folder: Path) -> Mapping[str, str]:
    """The variable that names our passphrase, where the user's environment has none."""
    return {} if chosen() else {"PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / FILE)}


def chosen() -> str | None:
    """The variable of the user's environment that has the passphrase, if one has."""
    return next((name for name in _VARIABLES if name in os.environ), None)


def make(folder: Path) -> bool:
    """Make the file where there is no stack yet, for its owner alone; whether it was made.

    Raises PassphraseError, also where there are stacks and the passphrase is lost.
    """
    if chosen():
        return False
    path = folder / FILE
    try:
        # In this order: another who prepares in the same instant makes the stacks after the file.
        stacks = encrypted(folder)
        if path.is_file():
            return False
        if stacks:
            raise PassphraseError(lost(folder))
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.is_file():
            return False
        raise PassphraseError(
            f"cannot write {path} ({error.strerror}): make {path.parent} a folder you can write"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{secrets.token_urlsafe(_BYTES)}\n")
    return True


def encrypted(folder: Path) -> list[str]:
    """The stacks that hold something which only their passphrase can read."""
    kept = {path.stem for path in (folder / STATES).glob("*.json")}
    return sorted(kept | {path.suffixes[0][1:] for path in _salted(folder)})


def lost(folder: Path) -> str:
    """That the file is gone, and what to do."""
    return (
        f"{folder / FILE} is not here, and without it the state and the secrets of"
        f" {', '.join(encrypted(folder))} cannot be read: put it back, or {_anew(folder)}"
    )


def wrong(folder: Path) -> str:
    """That the passphrase is another one than the stacks were made with, and what to do."""
    variable = chosen()
    where = f"the passphrase in {variable or folder / FILE}"
    back = f"correct {variable}" if variable else "put the right one back"
    return f"{where} is not the one that the stack was made with: {back}, or {_anew(folder)}"


def _anew(folder: Path) -> str:
    files = ", ".join(path.name for path in _salted(folder))
    lines = f" and the lines encryptionsalt and secure of {files}" if files else ""
    return (
        "begin anew: remove by hand what the stacks made, then"
        f" {folder / STATES.parent.parent}{lines}"
    )


def _salted(folder: Path) -> list[Path]:
    """The stacks' files that hold the salt of an encryption."""
    return [path for path in sorted(folder.glob("Pulumi.*.yaml")) if _has_salt(path)]


def _has_salt(path: Path) -> bool:
    try:
        return SALT.encode() in path.read_bytes()
    except OSError:
        return True  # for all that is known
