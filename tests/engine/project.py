"""A copy of this Pulumi project, and its command line with fake providers attached."""

import compileall
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stacks.catalogue.by_stack import fullest_catalogue
from stacks.settings import LocalSettings
from tests.engine.command_line import CommandLine, Outcome, command_environment
from tests.fakes.pulumi import provider
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".lab", ".env", ".*_cache", ".hypothesis", "__pycache__", "tests", "lab"
)


@dataclass(frozen=True)
class Project:
    """A project's folder and the command line that works on it."""

    commands: CommandLine

    @property
    def folder(self) -> Path:
        return self.commands.project

    def pulumi(self, *arguments: str, fails: bool = False, **more: str) -> Outcome:
        """Run one command; `more` are environment variables."""
        return self.commands.run(*arguments, fails=fails, more=more)

    def up(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        """`up` without a preview."""
        return self._change("up", stack, fails, more)

    def refresh(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        return self._change("refresh", stack, fails, more)

    def destroy(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        return self._change("destroy", stack, fails, more)

    def preview(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        return self.pulumi("preview", "--stack", stack, fails=fails, **more)

    def _change(self, command: str, stack: str, fails: bool, more: Mapping[str, str]) -> Outcome:
        arguments = (command, "--yes", "--skip-preview", "--stack", stack)
        return self.pulumi(*arguments, fails=fails, **more)

    def configure(self, stack: str, **values: object) -> None:
        """Write settings into the stack's file; None takes one away."""
        path = self.folder / f"Pulumi.{stack}.yaml"
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        settings = content.setdefault("config", {})
        for key, value in values.items():
            settings.pop(f"copilot:{key}", None)
            if value is not None:
                settings[f"copilot:{key}"] = value
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def state(self) -> str:
        """All of the project's state as text, with history and backups."""
        paths = sorted((self.folder / ".state").rglob("*.json*"))
        return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())

    def outputs(self, stack: str) -> dict[str, Any]:
        """The stack's outputs, secrets too."""
        outcome = self.pulumi("stack", "output", "--json", "--show-secrets", "--stack", stack)
        parsed: dict[str, Any] = yaml.safe_load(outcome.output)
        return parsed


@contextmanager
def attached(
    folder: Path,
    binaries: Path,
    providers: Mapping[str, provider.Configured],
    environment: Mapping[str, str],
) -> Iterator[CommandLine]:
    """A command line on a copy of this repository in `folder`/project.

    `providers` are the packages that are served instead of plug-ins.
    """
    project, home = folder / "project", folder / "home"
    shutil.copytree(ROOT, project, ignore=_NOT_COPIED)
    # Of the state only what a clone has, or nothing where it has none.
    for left in (project / ".state").glob("[!.]*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    # Once, and not in each of its processes.
    compileall.compile_dir(project, quiet=1)
    (home / ".pulumi").mkdir(parents=True)
    with ExitStack() as served:
        ports = {
            name: served.enter_context(provider.serving(configured))
            for name, configured in providers.items()
        }
        yield CommandLine(
            project,
            {
                **command_environment(binaries, home),
                "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{ports[name]}" for name in ports),
                **environment,
            },
        )


def free_stack_ports() -> dict[str, int]:
    """The setting `ports` of a stack, because the usual ports may serve something else here."""
    return free_ports(sorted(fullest_catalogue(LocalSettings).overridable.ports))
