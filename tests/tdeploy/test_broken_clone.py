"""A clone whose passphrase, state or settings are missing, damaged or not writable."""

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tdeploy.conftest import Clone

OTHER = "another"
READING = (("status",), ("doctor",), ("down", "--yes"))


# Root may write everywhere unless it drops these capabilities.
WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@contextmanager
def read_only(clone: Clone, *paths: str, removed: int = 0o222) -> Iterator[Clone]:
    """The same clone without the mode bits `removed` on the paths, by default on all of it."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv: install util-linux, or run as another user than root")
    folder = clone.world.folder
    every = [folder / path for path in paths] or [folder, *folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in every}
    before = WITHOUT_ROOTS_RIGHTS if os.geteuid() == 0 else ()
    for path, mode in modes.items():
        path.chmod(mode & ~removed)
    try:
        yield Clone(clone.world, replace(clone.tdeploy, before=before))
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def messages(clone: Clone, *command: str) -> str:
    """The error of a command that fails, or the checks of `tdeploy doctor` that do."""
    ended = clone.tdeploy(*command, "-p", "local")
    assert ended.exit_code == (1 if command[0] == "doctor" else 2), ended
    return ended.stdout if command[0] == "doctor" else ended.error


@pytest.fixture
def passphrase(local: Clone) -> Path:
    """The passphrase file of the clone whose stack `local` is up."""
    return local.world.folder / ".state" / "passphrase"


def test_a_missing_passphrase_is_never_replaced(local: Clone, passphrase: Path) -> None:
    content = passphrase.read_text(encoding="utf-8")
    passphrase.unlink()
    for command in (*READING, ("up",), ("init", "--yes")):
        message = messages(local, *command)
        for name in (str(passphrase), "copilot, dev, local", "Pulumi.copilot.yaml"):
            assert name in message
        assert not passphrase.exists()
    passphrase.write_text(content, encoding="utf-8")
    assert "ok       passphrase: " in local.tdeploy("doctor", "-p", "local").stdout


def test_a_wrong_passphrase_is_named(local: Clone, passphrase: Path) -> None:
    settings = local.world.folder / "Pulumi.local.yaml"
    before = settings.read_text(encoding="utf-8")
    passphrase.write_text(OTHER, encoding="utf-8")
    for command in (*READING, ("up",), ("init", "--yes")):
        assert str(passphrase) in messages(local, *command)
    chosen = local.tdeploy("status", "-p", "local", PULUMI_CONFIG_PASSPHRASE=OTHER)
    assert "PULUMI_CONFIG_PASSPHRASE" in chosen.error
    assert settings.read_text(encoding="utf-8") == before


def test_a_clone_that_is_not_writable_is_named(fresh: Clone) -> None:
    with read_only(fresh) as clone:
        for command in (("status",), ("env",), ("down", "--yes"), ("up",), ("init", "--yes")):
            message = messages(clone, *command)
            assert str(fresh.world.folder / ".state") in message
            assert "\n" not in message
        doctor = clone.tdeploy("doctor", "-p", "local")
        assert doctor.exit_code == 1
        (line,) = (one for one in doctor.stdout.splitlines() if one.startswith("wrong    files: "))
        assert str(fresh.world.folder) in line
        assert "Traceback" not in doctor.stderr


def test_a_stack_that_is_not_writable_can_be_read(local: Clone) -> None:
    with read_only(local) as clone:
        status = clone.tdeploy("status", "-p", "local")
        assert status.exit_code == 1
        assert "of 14 " in status.stdout
        for command in (("up",), ("down", "--yes")):
            locks = local.world.folder / ".state" / ".pulumi" / "locks"
            assert str(locks) in messages(clone, *command)
        settings = local.world.folder / "Pulumi.copilot.yaml"
        for words in ("init --yes", "infra apply-copilot -p other --yes"):
            ended = clone.tdeploy(*words.split())
            assert ended.exit_code == 2
            assert str(settings) in ended.error


@pytest.mark.parametrize("name", ["passphrase", ".pulumi/stacks/copilot/local.json"])
def test_a_file_of_another_user_is_named(local: Clone, name: str) -> None:
    path = local.world.folder / ".state" / name
    with read_only(local, f".state/{name}", removed=0o666) as clone:
        for command in (("status",), ("down", "--yes"), ("doctor",)):
            assert str(path) in messages(clone, *command)


def test_an_environment_file_that_is_not_writable_is_named(local: Clone) -> None:
    path = local.world.folder / ".env"
    with read_only(local, ".") as clone:
        for command in (("env", "--write"), ("up",)):
            message = messages(clone, *command)
            assert str(path) in message
            assert "\n" not in message


@pytest.mark.parametrize(
    ("size", "commands"), [(0, [("env",)]), (3000, [*READING, ("env",), ("up",)])]
)
def test_a_truncated_state_is_named_with_its_copy(
    local: Clone, size: int, commands: Sequence[tuple[str, ...]]
) -> None:
    state = local.world.folder / ".state" / ".pulumi" / "stacks" / "copilot" / "local.json"
    copy = state.with_name("local.json.bak")
    state.write_bytes(state.read_bytes()[:size])
    fix = f"`cp {copy} {state}`"
    for command in commands:
        assert fix in messages(local, *command)
    # The status of another stack is complete.
    other = local.tdeploy("status")
    assert other.exit_code == 1
    assert "`tdeploy up -p copilot`" in other.stdout
    assert fix in other.stdout

    shutil.copy(copy, state)
    assert "14 of 14" in local.tdeploy("status", "-p", "local").stdout
    assert local.tdeploy("up", "-p", "local").exit_code == 0


def test_without_a_copy_beside_it_the_fix_is_an_older_one(local: Clone) -> None:
    # The second `up` backs up the state of the first.
    assert local.tdeploy("up", "-p", "local").exit_code == 0
    state = local.world.folder / ".state" / ".pulumi" / "stacks" / "copilot" / "local.json"
    state.write_bytes(b"")
    state.with_name("local.json.bak").unlink()
    error = local.tdeploy("env", "-p", "local").error
    subprocess.run(shlex.split(error.split("`")[1]), check=True)
    assert local.tdeploy("env", "-p", "local").exit_code == 0
    for copy in (local.world.folder / ".state" / ".pulumi" / "backups").rglob("*.json"):
        copy.unlink()
    state.write_bytes(b"")
    error = local.tdeploy("env", "-p", "local").error
    assert str(state) in error
    assert "`cp " not in error


def test_a_truncated_lock_is_named(local: Clone) -> None:
    locks = (
        local.world.folder / ".state" / ".pulumi" / "locks" / "organization" / "copilot" / "local"
    )
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "5f0a.json"
    lock.touch()
    for command in ("up", "doctor"):
        assert str(lock) in messages(local, command)
    lock.unlink()
    assert local.tdeploy("up", "-p", "local").exit_code == 0


@pytest.mark.parametrize(
    ("text", "detail", "commands"),
    [
        ("config:\n  copilot:a: [1\n  b: {", "line 3", [("init", "--yes"), ("up",)]),
        ("hello", "'hello'", [("up",)]),
        ("config: 3", "config is 3", [("up",), ("doctor",)]),
    ],
)
def test_settings_that_are_not_yaml_are_named(
    local: Clone, text: str, detail: str, commands: Sequence[tuple[str, ...]]
) -> None:
    settings = local.world.folder / "Pulumi.local.yaml"
    settings.write_text(text, encoding="utf-8")
    for command in commands:
        message = messages(local, *command)
        assert str(settings) in message
        assert detail in message
        assert command != ("doctor",) or "unknown  passphrase: " in message
