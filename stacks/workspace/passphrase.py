"""The passphrase of the stacks' secrets, created once, before the first stack."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

FILE = Path(".state") / "passphrase"
STATES = Path(".state") / ".pulumi" / "stacks" / "copilot"
SALT = "encryptionsalt:"
"""Pulumi writes it into the file of a stack with its first secret."""
_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_BYTES = 24


class PassphraseError(Exception):
    """There is no passphrase and none can be created; the message says why and what to do."""


def environment(folder: Path) -> Mapping[str, str]:
    """The variable that names our file, unless the user's environment has a passphrase."""
    return {} if user_variable() else {"PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / FILE)}


def user_variable() -> str | None:
    """The variable of the user's environment with the passphrase, if there is one."""
    return next((name for name in _VARIABLES if name in os.environ), None)


def create(folder: Path) -> bool:
    """Create the file, readable by its owner only; False where a passphrase exists.

    Raises PassphraseError, also where the passphrase of existing stacks is missing.
    """
    if user_variable():
        return False
    path = folder / FILE
    try:
        # In this order, because a concurrent `make setup` creates the file before the stacks.
        stacks = encrypted_stacks(folder)
        if path.is_file():
            return False
        if stacks:
            raise PassphraseError(missing_message(folder))
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


def encrypted_stacks(folder: Path) -> list[str]:
    """The stacks whose state or settings may hold secrets."""
    states = {path.stem for path in (folder / STATES).glob("*.json")}
    return sorted(states | {path.suffixes[0][1:] for path in _salted(folder)})


def missing_message(folder: Path) -> str:
    """The message for a missing file."""
    stacks = ", ".join(encrypted_stacks(folder))
    return (
        f"{folder / FILE} does not exist, and without it the state and the secrets of {stacks}"
        f" cannot be read: restore it, or {_start_over(folder)}"
    )


def mismatch_message(folder: Path) -> str:
    """The message for a passphrase that does not fit the stacks."""
    variable = user_variable()
    where = f"the passphrase in {variable or folder / FILE}"
    fix = f"correct {variable}" if variable else "restore the right one"
    return f"{where} is not the passphrase of the stack: {fix}, or {_start_over(folder)}"


def _start_over(folder: Path) -> str:
    files = ", ".join(path.name for path in _salted(folder))
    lines = f" and the lines encryptionsalt and secure of {files}" if files else ""
    return (
        "start over: remove by hand what the stacks created, then"
        f" {folder / STATES.parent.parent}{lines}"
    )


def _salted(folder: Path) -> list[Path]:
    """The stacks' files with a salt."""
    return [path for path in sorted(folder.glob("Pulumi.*.yaml")) if _has_salt(path)]


def _has_salt(path: Path) -> bool:
    try:
        return SALT.encode() in path.read_bytes()
    except OSError:
        return True  # A file that cannot be read may have one.
