"""The stacks, through Pulumi's Automation API: what they are made of, and how they are changed."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pulumi.automation.errors import CommandError, StackNotFoundError

from stacks import prepare
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
        raise TdeployError(f"cannot read the stack {stack}: {said(error)}") from error
    outputs: dict[str, Any] = json.loads(answer.stdout)
    return outputs


@cache
def command() -> Cli:
    """Pulumi's command line, with passphrase and stacks prepared as `make setup` does."""
    if not (ROOT / "Pulumi.yaml").is_file():
        raise TdeployError(
            f"{ROOT} holds no Pulumi project: install this package from a clone, with `uv sync`"
        )
    found = pulumi_command.cli()
    problem = prepare.prepare(ROOT, found.command)
    if problem:
        raise TdeployError(problem)
    return found


def environment() -> dict[str, str]:
    """What Pulumi's command gets besides this environment."""
    return {
        **prepare.passphrase_environment(ROOT),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def said(error: CommandError) -> str:
    """What the command complained of, without the SDK's frame around it."""
    text = str(error).partition("\n stderr: ")[2] or str(error)
    lines = [line.strip().removeprefix("error: ") for line in text.splitlines()]
    return "; ".join(line for line in lines if line)
