"""From a fresh clone to a running stack with the commands that the documents show."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.registry import STACKS
from tdeploy.engine.project import environment
from tests.engine.command_line import CommandLine
from tests.engine.project import free_stack_ports
from tests.engine.worlds import World, world

STACK = "local"
_SETUP_SECONDS = 300


@pytest.fixture
def clone(binaries: Path, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, binaries) as made:
        made.configure(STACK, ports=free_stack_ports())
        yield made


def user(clone: World) -> CommandLine:
    """A shell with the one variable set that the documents name."""
    environment = dict(clone.commands.environment)
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    environment["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(clone.folder / ".state" / "passphrase")
    return replace(clone.commands, environment=environment)


def set_up(clone: World) -> None:
    """What `make setup` does after the installation of the packages."""
    environment = dict(clone.commands.environment)
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    done = subprocess.run(
        [sys.executable, "-m", "stacks.setup"],
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

    assert shell.run("up", "-s", STACK, "--yes").changes == {}

    shell.run("destroy", "-s", STACK, "--yes")
    assert not clone.docker.containers
    assert not clone.docker.volumes


def test_the_command_knows_the_project(clone: World) -> None:
    set_up(clone)
    shell = user(clone)
    listed = shell.run("stack", "ls").output
    assert all(stack in listed for stack in STACKS)
    shell.run("about")
    assert "history_shards" in shell.run("config", "-s", STACK).output


def test_plugins_that_no_resource_uses_can_be_left_out(clone: World) -> None:
    # tdeploy sets it as a variable, which a CLI without the option would ignore.
    prefix = "PULUMI_OPTION_"
    options = [name.removeprefix(prefix) for name in environment() if name.startswith(prefix)]
    assert options == ["SKIP_PLUGIN_PRE_INSTALL"]
    assert "--skip-plugin-pre-install" in clone.pulumi("up", "--help").output


def test_an_unknown_stack_is_refused(clone: World) -> None:
    set_up(clone)
    shell = user(clone)
    shell.run("stack", "init", "production")
    output = shell.run("up", "-s", "production", "--yes", fails=True).output
    assert all(stack in output for stack in STACKS)
    assert "Traceback" not in output
