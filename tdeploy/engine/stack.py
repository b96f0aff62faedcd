"""A stack through Pulumi's Automation API: its resources and outputs, and how they change."""

import os
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation import Deployment, Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from components.docker_address import provider_variables
from stacks.run_options import ContainerMode
from tdeploy.engine.causes import causes
from tdeploy.engine.cli import Interrupts
from tdeploy.engine.progress import OperationLog, shown_progress
from tdeploy.engine.project import (
    create_stacks,
    failure,
    message_of,
    open_stack,
    pulumi_cli,
    require_language_host,
)
from tdeploy.engine.pulumi_binary import HOW_TO_INSTALL
from tdeploy.engine.resource import Resource
from tdeploy.errors import InterruptedByUserError, TdeployError

IN_AWS = "**aws:**"
IN_DOCKER = "**docker:**"
"""Targets: URNs of resources there, with their providers and our component resources."""
CONTAINERS = (
    "**docker:index/container:Container::**",
    "**copilot:docker:ContainerService::**",
    "**copilot:docker:OneShotJob::**",
)
"""Targets: containers and their component resources."""
IMAGES = "**copilot:docker:Images**"
_STACK = "pulumi:pulumi:Stack"
_NO_LANGUAGE_HOST = "no language plugin"
_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")


@dataclass(frozen=True)
class ManagedStack:
    """One stack. A method that changes it shows its progress and raises TdeployError.

    A stack that was never created is empty; the first change creates it.
    """

    name: str

    def up(
        self,
        services: ContainerMode = "running",
        *,
        targets: Sequence[str] = (),
        replace: Sequence[str] = (),
        overwrite: str = "",
    ) -> None:
        """Update to what the program declares, with `targets` (URNs, * and ** match) only those.

        `overwrite` is JOB@HOST of the schema that is dropped and set up again.
        """
        require_language_host()

        def run(stack: Stack, log: OperationLog) -> None:
            stack.up(
                on_event=log,
                color="never",
                target=[*targets] or None,
                replace=[*replace] or None,
            )

        self._operate(f"updating {self.name}", run, services, overwrite=overwrite)

    def preview(
        self,
        services: ContainerMode = "running",
        *,
        targets: Sequence[str] = (),
        overwrite: str = "",
    ) -> list[tuple[str, Resource]]:
        """What `up` would do: create, update, delete or replace, and the resource."""
        require_language_host()

        def run(stack: Stack, log: OperationLog) -> None:
            stack.preview(on_event=log, color="never", target=[*targets] or None)

        title = f"previewing {self.name}"
        return self._operate(title, run, services, overwrite=overwrite).planned

    def destroy(self, *, targets: Sequence[str] = ()) -> None:
        """Delete every resource in the state, with `targets` (URNs) only those.

        Does not run the program, so that wrong settings or expired credentials do not prevent it.
        """

        def run(stack: Stack, log: OperationLog) -> None:
            stack.destroy(on_event=log, color="never", target=[*targets] or None)

        self._operate(f"destroying {self.name}", run)

    def resources(self) -> list[Resource]:
        """The resources in the state, without groups."""
        return self.state()[0]

    def state(self) -> tuple[list[Resource], dict[str, Any]]:
        """The resources in the state, without groups, and the outputs."""
        entries = _entries(self._export())
        resources = (
            Resource(one["urn"], one["type"], bool(one.get("retainOnDelete"))) for one in entries
        )
        outputs = next((one.get("outputs") for one in entries if one["type"] == _STACK), None)
        return [resource for resource in resources if not resource.is_group], outputs or {}

    def rewrite_state(
        self, rewrite: Callable[[list[dict[str, Any]]], Iterable[dict[str, Any]]]
    ) -> None:
        """Replace the state's resources by what `rewrite` returns for them."""
        state = self._export()
        deployment = dict(state.deployment or {})
        deployment["resources"] = list(rewrite(_entries(state)))
        deployment.pop("pending_operations", None)
        try:
            open_stack(self.name).import_stack(
                Deployment(version=state.version, deployment=deployment)
            )
        except CommandError as error:
            raise failure(f"cannot write the stack {self.name}", error) from error

    def clear_outputs(self) -> None:
        """Drop the outputs, which outlive the deletion of their resources in a partial destroy."""
        self.rewrite_state(
            lambda entries: (
                {**one, "outputs": {}} if one["type"] == _STACK else one for one in entries
            )
        )

    def _export(self) -> Deployment:
        try:
            return open_stack(self.name).export_stack()
        except StackNotFoundError:
            return Deployment()
        except CommandError as error:
            raise failure(f"cannot read the stack {self.name}", error) from error

    def _operate(
        self,
        title: str,
        run: Callable[[Stack, OperationLog], None],
        services: ContainerMode = "running",
        *,
        overwrite: str = "",
        is_retry: bool = False,
    ) -> OperationLog:
        create_stacks()
        stack = open_stack(self.name, services, overwrite, provider_variables())
        with pulumi_cli().stopped_by_signals() as interrupts, shown_progress(title) as log:
            try:
                run(stack, log)
            except ConcurrentUpdateError as error:
                if is_retry or not _is_stale_lock(str(error)):
                    raise TdeployError(self._locked(str(error))) from error
                stack.cancel()
            except CommandError as error:
                if interrupts.count:
                    raise self._interrupted(stack, title, interrupts) from error
                raise TdeployError(f"{title} failed: {_reason(log, error)}") from error
            else:
                # An interrupted destroy ends with success.
                if interrupts.count:
                    raise self._interrupted(stack, title, interrupts)
                return log
        return self._operate(title, run, services, overwrite=overwrite, is_retry=True)

    def _interrupted(
        self, stack: Stack, title: str, interrupts: Interrupts
    ) -> InterruptedByUserError:
        if interrupts.is_killed:
            # The killed CLI left its lock.
            stack.cancel()
        return InterruptedByUserError(
            f"{title} was interrupted: the finished steps are recorded, and the same command"
            " continues from there"
        )

    def _locked(self, message: str) -> str:
        lock = _LOCK.search(message)
        by = f" by {lock['user']}@{lock['host']} (process {lock['pid']})" if lock else ""
        return (
            f"the stack {self.name} is being changed{by}: wait for that command to end, or if it"
            f" was killed, run `tdeploy pulumi cancel -s {self.name}`"
        )


def _is_stale_lock(message: str) -> bool:
    """Whether the process that holds the lock ran on this machine and has ended."""
    lock = _LOCK.search(message)
    if lock is None or lock["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(lock["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _reason(log: OperationLog, error: CommandError) -> str:
    message = message_of(error)
    if _NO_LANGUAGE_HOST in message:
        return f"this Pulumi CLI has no language host for Python: {HOW_TO_INSTALL}"
    return "\n  ".join(causes(log.errors) or [message])


def _entries(state: Deployment) -> list[dict[str, Any]]:
    deployment = state.deployment or {}
    return list(deployment.get("resources") or [])
