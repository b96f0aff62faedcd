"""A copy of a Pulumi project that commands run on, with provider stand-ins attached."""

import random
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.engine import provider
from tests.engine.command_line import CommandLine, Outcome, command_environment

ROOT = Path(__file__).resolve().parents[2]
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".lab", ".env", ".*_cache", ".hypothesis", "__pycache__", "tests", "lab"
)
# Below those that connections of this machine's programs are given, and above the privileged ones.
_PORTS = range(20_000, 30_000)


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
        """`up` without a preview, which every test but that of the preview does without."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", stack, fails=fails, **more)

    def refresh(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        return self.pulumi(
            "refresh", "--yes", "--skip-preview", "--stack", stack, fails=fails, **more
        )

    def preview(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        return self.pulumi("preview", "--stack", stack, fails=fails, **more)

    def destroy(self, stack: str, *, fails: bool = False, **more: str) -> Outcome:
        return self.pulumi(
            "destroy", "--yes", "--skip-preview", "--stack", stack, fails=fails, **more
        )

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
        """Everything that Pulumi keeps of the project, history and copies too, as text."""
        kept = sorted(path for path in (self.folder / ".state").rglob("*.json*") if path.is_file())
        return "\n".join(path.read_text(encoding="utf-8") for path in kept)

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


def free_ports(names: list[str]) -> dict[str, int]:
    """A port of this machine for each name that nobody listens on now."""
    candidates = iter(random.sample(_PORTS, len(_PORTS)))
    return {name: next(filter(_is_free, candidates)) for name in names}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
