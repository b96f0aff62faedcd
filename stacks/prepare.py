"""What a plain `pulumi up` needs and a fresh clone lacks: a passphrase, and the stacks.

`make setup` runs it each time; it does nothing twice. Pulumi's own command is the only thing that
can make a stack, so where it is missing only the passphrase is made.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

STACKS = ("dev", "copilot", "local")
PASSPHRASE = Path(".state") / "passphrase"
_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_STACK_SECONDS = 60
_BYTES = 24


def prepare(folder: Path, command: str | None = None) -> str | None:
    """Prepare the project in `folder`; the answer is what kept it from that, if anything did.

    `command` is Pulumi's, by default the one on PATH.
    """
    is_first = _make_passphrase(folder / PASSPHRASE)
    command = command or shutil.which("pulumi")
    if command is None:
        return _without_command() if is_first else None
    try:
        # Not a look into the folder of the state, because it may be kept elsewhere.
        known = {one["name"] for one in json.loads(_stack(folder, command, "ls", "--json"))}
        for stack in STACKS:
            if stack not in known:
                _stack(folder, command, "init", stack, "--no-select")
    except _PulumiError as error:
        return str(error)
    return None


class _PulumiError(Exception):
    """Pulumi's command did not do it; the message says what, and why."""


def _stack(folder: Path, command: str, *arguments: str) -> str:
    """What `pulumi stack` answers."""
    what = f"`pulumi stack {' '.join(arguments[:-1])}`"
    try:
        answer = subprocess.run(
            [command, "stack", *arguments, "--non-interactive"],
            cwd=folder,
            env={**os.environ, **passphrase_environment(folder)},
            capture_output=True,
            text=True,
            timeout=_STACK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _PulumiError(f"{what} took more than {_STACK_SECONDS} s") from error
    # Another who prepares in the same instant has made it.
    if answer.returncode and "already exists" not in answer.stderr:
        raise _PulumiError(f"{what} failed: {' '.join(answer.stderr.split())}")
    return answer.stdout


def _make_passphrase(path: Path) -> bool:
    """Make the file where it is missing, for its owner alone; whether it was."""
    path.parent.mkdir(exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{secrets.token_urlsafe(_BYTES)}\n")
    return True


def passphrase_environment(folder: Path) -> Mapping[str, str]:
    """The variable that names our passphrase, where the user's environment has none."""
    if any(name in os.environ for name in _VARIABLES):
        return {}
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / PASSPHRASE)}


def _without_command() -> str:
    return (
        "the command pulumi is not here, so there are no stacks yet: to use them, install it"
        " (https://www.pulumi.com/docs/install) and run `make setup` again"
    )


def main() -> int:
    """Exit code 2 where a stack could not be made."""
    problem = prepare(Path(__file__).parent.parent)
    if problem:
        print(f"setup: {problem}", file=sys.stderr)  # noqa: T201
    return 2 if problem and shutil.which("pulumi") else 0


if __name__ == "__main__":
    sys.exit(main())
