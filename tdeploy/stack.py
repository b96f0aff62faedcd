"""The stacks, through Pulumi's Automation API: what they are made of, and how they are changed."""

import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pulumi.automation import ConfigValue, Deployment, LocalWorkspace, Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from stacks import complaints, passphrase, prepare
from stacks.run_mode import OVERWRITE_VARIABLE, SERVICES_VARIABLE, Services
from tdeploy import pulumi_command
from tdeploy.catalogue import require_valid
from tdeploy.causes import causes
from tdeploy.errors import InterruptedByUserError, TdeployError
from tdeploy.progress import Record, Resource, watched
from tdeploy.pulumi_command import HOW_TO_INSTALL, Cli, Interrupts

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "copilot"
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
        raise _failure(f"cannot read the stack {stack}", error) from error
    outputs: dict[str, Any] = json.loads(answer.stdout)
    return outputs


def resource_counts() -> dict[str, int]:
    """How many resources each stack's state holds. Raises TdeployError."""
    try:
        answer = command().run(["stack", "ls", "--json"], str(ROOT), environment())
    except CommandError as error:
        raise _failure("cannot list the stacks", error) from error
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


def _failure(what: str, error: CommandError) -> TdeployError:
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
            self._stack().import_stack(Deployment(version=state.version, deployment=deployment))
        except CommandError as error:
            raise _failure(f"cannot write the stack {self.name}", error) from error

    def settings(self) -> dict[str, str]:
        """The stack's own settings by key, without the project's name; secrets too.

        Only a stack that was made can read its secrets.
        """
        try:
            every = {key: one.value for key, one in self._stack().get_all_config().items()}
        except StackNotFoundError:
            every = _in_clear_text(ROOT / f"Pulumi.{self.name}.yaml")
        except CommandError as error:
            raise _failure(f"cannot read the settings of {self.name}", error) from error
        prefix = f"{PROJECT}:"
        return {
            key.removeprefix(prefix): value
            for key, value in every.items()
            if key.startswith(prefix)
        }

    def set_settings(self, values: Mapping[str, str], *, secret: bool = False) -> None:
        """Write settings into the stack's file, where they stay; none where one is wrong."""
        if not secret:
            require_valid(self.name, values)
        make_stacks()
        try:
            for key, value in values.items():
                self._stack().set_config(f"{PROJECT}:{key}", ConfigValue(value, secret=secret))
        except CommandError as error:
            raise _failure(f"cannot set {key} of {self.name}", error) from error

    @contextmanager
    def settings_to_be_confirmed(self, values: Mapping[str, str]) -> Iterator[None]:
        """Set them for the block, and for good where it ends without an exception."""
        require_valid(self.name, values)
        # What follows runs the program, and is not worth a build of what cannot.
        require_language_host()
        make_stacks()
        path = ROOT / f"Pulumi.{self.name}.yaml"
        before = path.read_bytes()
        known = self.settings()
        try:
            self.set_settings(
                {key: value for key, value in values.items() if known.get(key) != value}
            )
            yield
        except BaseException:
            # Not where nothing was written, perhaps because it cannot be.
            if path.read_bytes() != before:
                path.write_bytes(before)
            raise

    def require_passphrase(self) -> None:
        """Raise TdeployError where the passphrase is not that of the stack. Changes nothing."""
        path = ROOT / f"Pulumi.{self.name}.yaml"
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
            arguments = ["config", "set", "--stack", self.name, "--config-file", copied]
            try:
                command().run([*arguments, "--secret", "tried", "0"], str(ROOT), environment())
            except CommandError as error:
                raise TdeployError(said(error)) from error

    def _exported(self) -> Deployment:
        try:
            return self._stack().export_stack()
        except StackNotFoundError:
            return Deployment()
        except CommandError as error:
            raise _failure(f"cannot read the stack {self.name}", error) from error

    def _stack(self, services: Services = "running", overwrite: str = "") -> Stack:
        workspace = _Workspace(
            work_dir=str(ROOT),
            env_vars=environment(services, overwrite),
            pulumi_command=command(),
        )
        return Stack.select(self.name, workspace)

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
        stack = self._stack(services, overwrite)
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


def _resources(state: Deployment) -> list[dict[str, Any]]:
    deployment = state.deployment or {}
    return list(deployment.get("resources") or [])
