"""From a fresh clone to a running stack with the commands that the README shows."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.local import planned
from stacks.settings import LocalSettings
from tests.engine.command_line import CommandLine
from tests.engine.project import free_ports
from tests.engine.worlds import World, world

STACK = "local"
_SETUP_SECONDS = 60


@pytest.fixture
def clone(binaries: Path, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, binaries) as made:
        # The usual ports may serve something else here.
        ports = free_ports(sorted(planned(LocalSettings()).known.ports))
        made.configure(STACK, ports=ports)
        yield made


def user(clone: World) -> CommandLine:
    """The shell of someone who has set the one variable that the README names."""
    environment = dict(clone.commands.environment)
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(clone.folder / ".state" / "passphrase")
    return replace(clone.commands, environment=environment)


def set_up(clone: World) -> None:
    """What `make setup` does once the packages are there."""
    environment = dict(clone.commands.environment)
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    done = subprocess.run(
        [sys.executable, "-m", "stacks.prepare"],
        cwd=clone.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SETUP_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_fresh_clone_comes_up_and_goes(clone: World) -> None:
    set_up(clone)
    set_up(clone)
    shell = user(clone)
    up = shell.run("up", "-s", STACK, "--yes")
    assert "warning" not in up.output
    assert clone.docker.named("local-copilot-worker").running
    assert (clone.folder / ".env").is_file()

    again = shell.run("up", "-s", STACK, "--yes")
    assert again.changes == {}
    assert "unchanged" in again.output

    shell.run("destroy", "-s", STACK, "--yes")
    assert not clone.docker.containers
    assert not clone.docker.volumes


def test_the_command_knows_the_project(clone: World) -> None:
    set_up(clone)
    shell = user(clone)
    listed = shell.run("stack", "ls").output
    assert all(stack in listed for stack in ("dev", "copilot", "local"))
    assert "written in python" in shell.run("about").output
    assert "history_shards" in shell.run("config", "-s", STACK).output


def test_an_unknown_stack_is_refused(clone: World) -> None:
    set_up(clone)
    shell = user(clone)
    shell.run("stack", "init", "production")
    said = shell.run("up", "-s", "production", "--yes", fails=True).output
    assert "there is no stack production in this project: use dev, copilot, local" in said
    assert "Traceback" not in said
