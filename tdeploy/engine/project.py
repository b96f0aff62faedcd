"""The Pulumi project of this clone: its CLI, its stacks' outputs, and the errors of both."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pulumi.automation import LocalWorkspace, OutputMap, Stack, UpdateSummary
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError, StackNotFoundError

from stacks.registry import STACKS
from stacks.run_options import OVERWRITE_VARIABLE, SERVICES_VARIABLE, ContainerMode
from stacks.workspace import passphrase, prepare, pulumi_errors
from tdeploy.engine import pulumi_binary
from tdeploy.engine.cli import Cli
from tdeploy.errors import TdeployError

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "copilot"


def stack_outputs(stack: str) -> dict[str, Any]:
    """The outputs of a stack after its last update, {} before the first. Raises TdeployError."""
    try:
        answer = pulumi_cli().run(
            ["stack", "output", "--json", "--stack", stack], str(ROOT), environment()
        )
    except StackNotFoundError:
        return {}
    except CommandError as error:
        raise failure(f"cannot read the stack {stack}", error) from error
    outputs: dict[str, Any] = json.loads(answer.stdout)
    return outputs


def resource_counts() -> dict[str, int]:
    """The number of resources in each stack's state. Raises TdeployError."""
    try:
        answer = pulumi_cli().run(["stack", "ls", "--json"], str(ROOT), environment())
    except CommandError as error:
        raise failure("cannot list the stacks", error) from error
    counts = {
        one["name"].rsplit("/", 1)[-1]: int(one.get("resourceCount") or 0)
        for one in json.loads(answer.stdout)
    }
    return dict(sorted({**dict.fromkeys(STACKS, 0), **counts}.items()))


def pulumi_cli() -> Cli:
    """The Pulumi CLI. Raises TdeployError if it or the project is missing."""
    _require_project()
    return pulumi_binary.cli()


def require_language_host() -> None:
    """Have a CLI that can run the program, for `up` and `preview`. Raises TdeployError."""
    _require_project()
    pulumi_binary.require_language_host()


def _require_project() -> None:
    if not (ROOT / "Pulumi.yaml").is_file():
        raise TdeployError(
            f"{ROOT} has no Pulumi.yaml: install this package from a clone, with `uv sync`"
        )


@cache
def create_stacks() -> None:
    """Create passphrase and stacks where they are missing, as `make setup` does.

    For commands that change something only: this writes into the stacks' files, which Git tracks.
    Raises TdeployError.
    """
    problem = prepare.prepare(ROOT, STACKS, pulumi_cli().command)
    if problem:
        raise TdeployError(problem)


def environment(services: ContainerMode = "running", overwrite: str = "") -> dict[str, str]:
    """The variables that the Pulumi CLI gets besides this process's."""
    return {
        **passphrase.environment(ROOT),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The language host names the provider of every installed package, used or not: the engine
        # installs those that the stack uses when it needs them.
        "PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL": "true",
        SERVICES_VARIABLE: services,
        OVERWRITE_VARIABLE: overwrite,
    }


def message_of(error: CommandError) -> str:
    """The CLI's message, or ours where a file of the clone is the cause."""
    message = _stderr(error)
    return pulumi_errors.explain(ROOT, message) or message


def failure(what: str, error: CommandError) -> TdeployError:
    """An error with the CLI's message, or only ours where a file of the clone is the cause."""
    message = _stderr(error)
    return TdeployError(pulumi_errors.explain(ROOT, message) or f"{what}: {message}")


def _stderr(error: CommandError) -> str:
    text = str(error).partition("\n stderr: ")[2] or str(error)
    lines = [line.strip().removeprefix("error: ") for line in text.splitlines()]
    return "; ".join(line for line in lines if line)


class _Workspace(LocalWorkspace):
    """A workspace that selects no stack, and reads no outputs after an update."""

    def select_stack(self, stack_name: str) -> None:
        """Leave the user's selection for `pulumi` alone."""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        """Nothing, where the SDK runs the CLI twice: see the function `stack_outputs`."""
        del stack_name
        return {}


class _Stack(Stack):
    """A stack without the summary of an update, for which the SDK runs the CLI once more."""

    def info(self, show_secrets: bool = True) -> UpdateSummary:
        del show_secrets
        return UpdateSummary("", datetime.now(UTC), "", {}, {}, "")


def open_stack(
    name: str,
    services: ContainerMode = "running",
    overwrite: str = "",
    variables: Mapping[str, str] | None = None,
) -> Stack:
    """The stack for one operation of the SDK, with more environment. Raises TdeployError."""
    workspace = _Workspace(
        work_dir=str(ROOT),
        env_vars={**environment(services, overwrite), **(variables or {})},
        pulumi_command=pulumi_cli(),
    )
    return _Stack(name, workspace, StackInitMode.SELECT)
