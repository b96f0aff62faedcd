"""What a plain `pulumi up` needs and a fresh clone lacks: a passphrase, and the stacks.

`make setup` runs it each time; it does nothing twice. Pulumi's own command is the only thing that
can make a stack, so where it is missing only the passphrase is made.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from stacks import passphrase
from stacks.complaints import in_our_words
from stacks.passphrase import PassphraseError

STACKS = ("dev", "copilot", "local")
WITHOUT_COMMAND = (
    "the command pulumi is not here, so there are no stacks yet: to use them, install it"
    " (https://www.pulumi.com/docs/install) and run `make setup` again"
)
_STACK_SECONDS = 60


def prepare(folder: Path, command: str | None = None) -> str | None:
    """Prepare the project in `folder`; the answer is what kept it from that, if anything did.

    `command` is Pulumi's, by default the one on PATH.
    """
    try:
        is_first = passphrase.make(folder)
    except PassphraseError as error:
        return str(error)
    command = command or shutil.which("pulumi")
    if command is None:
        return WITHOUT_COMMAND if is_first else None
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
            env={**os.environ, **passphrase.environment(folder)},
            capture_output=True,
            text=True,
            timeout=_STACK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _PulumiError(f"{what} took more than {_STACK_SECONDS} s") from error
    # Another who prepares in the same instant has made it.
    if answer.returncode and "already exists" not in answer.stderr:
        complaint = " ".join(answer.stderr.split())
        raise _PulumiError(in_our_words(folder, complaint) or f"{what} failed: {complaint}")
    return answer.stdout


def main() -> int:
    """Exit code 2 where passphrase or stacks could not be made by the command that is here."""
    problem = prepare(Path(__file__).parent.parent)
    if problem:
        print(f"setup: {problem}", file=sys.stderr)  # noqa: T201
    return 2 if problem and problem != WITHOUT_COMMAND else 0


if __name__ == "__main__":
    sys.exit(main())
