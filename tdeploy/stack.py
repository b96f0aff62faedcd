"""The stacks, through Pulumi's Automation API: what they are made of, and how they are changed."""

import os
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation import Deployment, Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from stacks.run_mode import Services
from tdeploy.causes import causes
from tdeploy.errors import InterruptedByUserError, TdeployError
from tdeploy.progress import Record, Resource, watched
from tdeploy.project import (
    command,
    failure,
    make_stacks,
    opened,
    require_language_host,
    said,
)
from tdeploy.pulumi_command import HOW_TO_INSTALL, Interrupts

IN_AWS = "**aws:**"
IN_DOCKER = "**docker:**"
"""What URNs of either match, those of their providers and of our groups too."""
CONTAINERS = (
    "**docker:index/container:Container::**",
    "**copilot:docker:ContainerService::**",
    "**copilot:docker:OneShotJob::**",
)
"""What those of containers and of their groups match."""
IMAGES = "**copilot:docker:Images**"
_STACK = "pulumi:pulumi:Stack"
_NO_LANGUAGE_HOST = "no language plugin"
_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")


@dataclass(frozen=True)
class ManagedStack:
    """One stack. Each method that changes it shows its progress and raises TdeployError.

    One that was never made holds nothing, and is made by the first change.
    """

    name: str

    def up(
        self,
        services: Services = "running",
        *,
        targets: Sequence[str] = (),
        replace: Sequence[str] = (),
        overwrite: str = "",
    ) -> None:
        """Make what the program says; with `targets` (URNs, * and ** match) nothing else.

        `overwrite` is JOB@HOST of the schema that is made anew.
        """
        require_language_host()

        def run(stack: Stack, record: Record) -> None:
            stack.up(
                on_event=record,
                color="never",
                target=[*targets] or None,
                replace=[*replace] or None,
            )

        self._operate(f"updating {self.name}", run, services, overwrite=overwrite)

    def preview(
        self, services: Services = "running", *, targets: Sequence[str] = (), overwrite: str = ""
    ) -> list[tuple[str, Resource]]:
        """What `up` would do to what."""
        require_language_host()

        def run(stack: Stack, record: Record) -> None:
            stack.preview(on_event=record, color="never", target=[*targets] or None)

        title = f"looking at {self.name}"
        return self._operate(title, run, services, overwrite=overwrite).planned

    def destroy(self, *, targets: Sequence[str] = ()) -> None:
        """Remove everything that the stack's state names; with `targets` (URNs) only those.

        The program is not run, so that neither settings nor sign-in can keep it from that.
        """

        def run(stack: Stack, record: Record) -> None:
            stack.destroy(on_event=record, color="never", target=[*targets] or None)

        self._operate(f"destroying {self.name}", run)

    def resources(self) -> list[Resource]:
        """What the state holds, without groups."""
        return self.seen()[0]

    def seen(self) -> tuple[list[Resource], dict[str, Any]]:
        """What the state holds, without groups, and the stack's outputs."""
        every = _resources(self._exported())
        found = (
            Resource(one["urn"], one["type"], bool(one.get("retainOnDelete"))) for one in every
        )
        outputs = next((one.get("outputs") for one in every if one["type"] == _STACK), None)
        return [resource for resource in found if not resource.is_group], outputs or {}

    def rewrite_state(
        self, rewrite: Callable[[list[dict[str, Any]]], Iterable[dict[str, Any]]]
    ) -> None:
        """Put something else in the place of the state's resources."""
        state = self._exported()
        deployment = dict(state.deployment or {})
        deployment["resources"] = list(rewrite(_resources(state)))
        deployment.pop("pending_operations", None)
        try:
            opened(self.name).import_stack(Deployment(version=state.version, deployment=deployment))
        except CommandError as error:
            raise failure(f"cannot write the stack {self.name}", error) from error

    def forget_outputs(self) -> None:
        """Drop the outputs, which a destroy of a part leaves, though they tell of what is gone."""
        self.rewrite_state(
            lambda every: (
                {**one, "outputs": {}} if one["type"] == _STACK else one for one in every
            )
        )

    def _exported(self) -> Deployment:
        try:
            return opened(self.name).export_stack()
        except StackNotFoundError:
            return Deployment()
        except CommandError as error:
            raise failure(f"cannot read the stack {self.name}", error) from error

    def _operate(
        self,
        title: str,
        run: Callable[[Stack, Record], None],
        services: Services = "running",
        *,
        overwrite: str = "",
        is_retry: bool = False,
    ) -> Record:
        make_stacks()
        stack = opened(self.name, services, overwrite)
        with command().ended_by_signals() as interrupts, watched(title) as record:
            try:
                run(stack, record)
            except ConcurrentUpdateError as error:
                if is_retry or not self._is_left_behind(str(error)):
                    raise TdeployError(self._locked(str(error))) from error
                stack.cancel()
            except CommandError as error:
                if interrupts.count:
                    raise self._interrupted(stack, title, interrupts) from error
                raise TdeployError(f"{title} failed: {_reason(record, error)}") from error
            else:
                # Of what was destroyed until then, the engine makes a success.
                if interrupts.count:
                    raise self._interrupted(stack, title, interrupts)
                return record
        return self._operate(title, run, services, overwrite=overwrite, is_retry=True)

    def _interrupted(
        self, stack: Stack, title: str, interrupts: Interrupts
    ) -> InterruptedByUserError:
        if interrupts.killed:
            # It could not release its lock.
            stack.cancel()
        return InterruptedByUserError(
            f"{title} was interrupted: what was done until then is known, and the same command goes"
            " on from there"
        )

    def _is_left_behind(self, complaint: str) -> bool:
        """Whether the command that holds the lock was one of this machine, and is gone."""
        lock = _LOCK.search(complaint)
        if lock is None or lock["host"] != socket.gethostname():
            return False
        try:
            os.kill(int(lock["pid"]), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def _locked(self, complaint: str) -> str:
        lock = _LOCK.search(complaint)
        by = f" by {lock['user']}@{lock['host']} (process {lock['pid']})" if lock else ""
        return (
            f"the stack {self.name} is being changed{by}: wait until that has ended, or where it"
            f" has died, run `tdeploy pulumi cancel -s {self.name}`"
        )


def _reason(record: Record, error: CommandError) -> str:
    complaint = said(error)
    if _NO_LANGUAGE_HOST in complaint:
        return f"this Pulumi came without its language host for Python: {HOW_TO_INSTALL}"
    return "\n  ".join(causes(record.errors) or [complaint])


def _resources(state: Deployment) -> list[dict[str, Any]]:
    deployment = state.deployment or {}
    return list(deployment.get("resources") or [])
