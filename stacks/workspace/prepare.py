"""Prepare a fresh clone for `pulumi up`: create the passphrase and the stacks.

A second run changes nothing. Only Pulumi's command can create stacks; without it, only the
passphrase is created.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from stacks.workspace import passphrase
from stacks.workspace.passphrase import PassphraseError
from stacks.workspace.pulumi_errors import explain

PULUMI_MISSING = (
    "the command pulumi is not installed, so there are no stacks yet: install it"
    " (https://www.pulumi.com/docs/install) and run `make setup` again to use them"
)
_STACK_SECONDS = 60


def prepare(folder: Path, stacks: Iterable[str], command: str | None = None) -> str | None:
    """Prepare the project in `folder`; the result is the problem, if there is one.

    `command` is Pulumi's command, by default the one on PATH.
    """
    try:
        is_first = passphrase.create(folder)
    except PassphraseError as error:
        return str(error)
    command = command or shutil.which("pulumi")
    if command is None:
        return PULUMI_MISSING if is_first else None
    try:
        # From Pulumi, because the state may be in another place than `.state`.
        known = {one["name"] for one in json.loads(_stack(folder, command, "ls", "--json"))}
        for stack in stacks:
            if stack not in known:
                _stack(folder, command, "init", stack, "--no-select")
    except _PulumiError as error:
        return str(error)
    return None


class _PulumiError(Exception):
    """Pulumi's command failed; the message says which and why."""


def _stack(folder: Path, command: str, *arguments: str) -> str:
    """The output of `pulumi stack ARGUMENTS`."""
    what = f"`pulumi stack {' '.join(arguments[:-1])}`"
    try:
        ended = subprocess.run(
            [command, "stack", *arguments, "--non-interactive"],
            cwd=folder,
            env={**os.environ, **passphrase.environment(folder)},
            capture_output=True,
            text=True,
            timeout=_STACK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _PulumiError(f"{what} took more than {_STACK_SECONDS} s") from error
    # A concurrent run may have created the stack.
    if ended.returncode and "already exists" not in ended.stderr:
        reason = " ".join(ended.stderr.split())
        raise _PulumiError(explain(folder, reason) or f"{what} failed: {reason}")
    return ended.stdout
