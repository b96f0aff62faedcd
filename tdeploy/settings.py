"""A stack's settings, in its file beside Pulumi.yaml."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pulumi.automation import ConfigValue
from pulumi.automation.errors import CommandError, StackNotFoundError

from stacks import complaints, passphrase
from tdeploy.catalogue import require_valid
from tdeploy.errors import TdeployError
from tdeploy.project import (
    PROJECT,
    ROOT,
    command,
    environment,
    failure,
    make_stacks,
    opened,
    require_language_host,
    said,
)


def known(stack: str) -> dict[str, str]:
    """The stack's own settings by key, without the project's name; secrets too.

    Only a stack that was made can read its secrets.
    """
    try:
        every = {key: one.value for key, one in opened(stack).get_all_config().items()}
    except StackNotFoundError:
        every = _in_clear_text(ROOT / f"Pulumi.{stack}.yaml")
    except CommandError as error:
        raise failure(f"cannot read the settings of {stack}", error) from error
    prefix = f"{PROJECT}:"
    return {
        key.removeprefix(prefix): value for key, value in every.items() if key.startswith(prefix)
    }


def store(stack: str, values: Mapping[str, str], *, secret: bool = False) -> None:
    """Write settings into the stack's file, where they stay; none where one is wrong."""
    if not secret:
        require_valid(stack, values)
    make_stacks()
    try:
        for key, value in values.items():
            opened(stack).set_config(f"{PROJECT}:{key}", ConfigValue(value, secret=secret))
    except CommandError as error:
        raise failure(f"cannot set {key} of {stack}", error) from error


@contextmanager
def to_be_confirmed(stack: str, values: Mapping[str, str]) -> Iterator[None]:
    """Set them for the block, and for good where it ends without an exception."""
    require_valid(stack, values)
    # What follows runs the program, and is not worth a build of what cannot.
    require_language_host()
    make_stacks()
    path = ROOT / f"Pulumi.{stack}.yaml"
    before = path.read_bytes()
    try:
        store(stack, values)
        yield
    except BaseException:
        # Not where nothing was written, perhaps because it cannot be.
        if path.read_bytes() != before:
            path.write_bytes(before)
        raise


def require_passphrase(stack: str) -> None:
    """Raise TdeployError where the passphrase is not that of the stack. Changes nothing."""
    path = ROOT / f"Pulumi.{stack}.yaml"
    try:
        if passphrase.SALT.encode() not in path.read_bytes():
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise TdeployError(complaints.no_access(ROOT, path, error.strerror)) from error
    # Pulumi tries its passphrase on what it writes only, so it writes into a copy.
    with TemporaryDirectory() as folder:
        copied = str(shutil.copyfile(path, Path(folder) / path.name))
        arguments = ["config", "set", "--stack", stack, "--config-file", copied]
        try:
            command().run([*arguments, "--secret", "tried", "0"], str(ROOT), environment())
        except CommandError as error:
            raise TdeployError(said(error)) from error


def _in_clear_text(path: Path) -> dict[str, str]:
    """The values of a stack's file as Pulumi would give them, but for its secrets."""
    if not path.is_file():
        return {}
    for problem in complaints.broken_settings(path.parent, path.name):
        raise TdeployError(problem)
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (content.get("config") or {}).items()
        if not (isinstance(value, dict) and "secure" in value)
    }
