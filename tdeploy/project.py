"""The Pulumi project in this clone: its command, what that says, and the stacks' outputs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pulumi.automation import LocalWorkspace, Stack
from pulumi.automation.errors import CommandError, StackNotFoundError

from stacks import complaints, passphrase, prepare
from stacks.run_mode import OVERWRITE_VARIABLE, SERVICES_VARIABLE, Services
from tdeploy import pulumi_command
from tdeploy.errors import TdeployError
from tdeploy.pulumi_command import Cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "copilot"


def stack_outputs(stack: str) -> dict[str, Any]:
    """The outputs of a stack as its last update left them; none where nothing was made yet.

    Raises TdeployError.
    """
    try:
        answer = command().run(
            ["stack", "output", "--json", "--stack", stack], str(ROOT), environment()
        )
    except StackNotFoundError:
        return {}
    except CommandError as error:
        raise failure(f"cannot read the stack {stack}", error) from error
    outputs: dict[str, Any] = json.loads(answer.stdout)
    return outputs


def resource_counts() -> dict[str, int]:
    """How many resources each stack's state holds. Raises TdeployError."""
    try:
        answer = command().run(["stack", "ls", "--json"], str(ROOT), environment())
    except CommandError as error:
        raise failure("cannot list the stacks", error) from error
    made = {
        one["name"].rsplit("/", 1)[-1]: int(one.get("resourceCount") or 0)
        for one in json.loads(answer.stdout)
    }
    return dict(sorted({**dict.fromkeys(prepare.STACKS, 0), **made}.items()))


def command() -> Cli:
    """Pulumi's command line. Raises TdeployError where it or the project is not to be had."""
    _require_project()
    return pulumi_command.cli()


def require_language_host() -> None:
    """Have a command that can run the program, for `up` and `preview`. Raises TdeployError."""
    _require_project()
    pulumi_command.require_language_host()


def _require_project() -> None:
    if not (ROOT / "Pulumi.yaml").is_file():
        raise TdeployError(
            f"{ROOT} holds no Pulumi project: install this package from a clone, with `uv sync`"
        )


@cache
def make_stacks() -> None:
    """Make passphrase and stacks where they are missing, as `make setup` does.

    Only for what changes something: it writes into the stacks' files, which Git tracks. Raises
    TdeployError.
    """
    problem = prepare.prepare(ROOT, command().command)
    if problem:
        raise TdeployError(problem)


def environment(services: Services = "running", overwrite: str = "") -> dict[str, str]:
    """What Pulumi's command gets besides this environment."""
    return {
        **passphrase.environment(ROOT),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        SERVICES_VARIABLE: services,
        OVERWRITE_VARIABLE: overwrite,
    }


def said(error: CommandError) -> str:
    """What the command complained of, without the SDK's frame around it, in our words if we can."""
    complaint = _complaint(error)
    return complaints.in_our_words(ROOT, complaint) or complaint


def failure(what: str, error: CommandError) -> TdeployError:
    """What failed and why; where a file of the clone is the reason, what to do about that."""
    complaint = _complaint(error)
    ours = complaints.in_our_words(ROOT, complaint)
    return TdeployError(ours or f"{what}: {complaint}")


def _complaint(error: CommandError) -> str:
    text = str(error).partition("\n stderr: ")[2] or str(error)
    lines = [line.strip().removeprefix("error: ") for line in text.splitlines()]
    return "; ".join(line for line in lines if line)


class _Workspace(LocalWorkspace):
    """The project in this repository, in which no stack is ever the selected one."""

    def select_stack(self, stack_name: str) -> None:
        """Leave the user's choice for the plain command alone."""


def opened(name: str, services: Services = "running", overwrite: str = "") -> Stack:
    """The stack of this name, for one operation of the SDK. Raises TdeployError."""
    workspace = _Workspace(
        work_dir=str(ROOT),
        env_vars=environment(services, overwrite),
        pulumi_command=command(),
    )
    return Stack.select(name, workspace)
