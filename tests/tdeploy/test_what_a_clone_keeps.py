"""A clone whose passphrase, state or settings are lost, broken or not to be written."""

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tdeploy.conftest import Clone

OTHER = "another"
READING = (("status",), ("doctor",), ("down", "--yes"))


# Root may write everywhere, unless it gives that up.
WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@contextmanager
def read_only(clone: Clone, *paths: str, taken: int = 0o222) -> Iterator[Clone]:
    """The same clone, in which the paths, or else all of it, cannot be written.

    `taken` are the bits of their mode that they lose.
    """
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv: install util-linux, or run as another user than root")
    folder = clone.world.folder
    every = [folder / path for path in paths] or [folder, *folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in every}
    before = WITHOUT_ROOTS_RIGHTS if os.geteuid() == 0 else ()
    for path, mode in modes.items():
        path.chmod(mode & ~taken)
    try:
        yield Clone(clone.world, replace(clone.tdeploy, before=before))
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def files(clone: Clone) -> set[Path]:
    return {path for path in (clone.world.folder / ".state").rglob("*") if path.is_file()}


@pytest.fixture
def passphrase(fresh: Clone) -> Path:
    """The file of a clone whose stack `local` is up."""
    assert fresh.tdeploy("up", "-p", "local").exit_code == 0
    return fresh.world.folder / ".state" / "passphrase"


def test_reading_makes_no_passphrase(fresh: Clone) -> None:
    for command in (*READING, ("env",)):
        fresh.tdeploy(*command, "-p", "local")
    assert {path.name for path in files(fresh)} <= {".gitkeep", "meta.yaml"}


def test_a_lost_passphrase_is_never_replaced_by_another(fresh: Clone, passphrase: Path) -> None:
    kept = passphrase.read_text(encoding="utf-8")
    passphrase.unlink()
    for command in (*READING, ("up",), ("init", "--yes")):
        ended = fresh.tdeploy(*command, "-p", "local")
        said = ended.answer if command == ("doctor",) else ended.error
        assert ended.exit_code == (1 if command == ("doctor",) else 2)
        assert f"{passphrase} is not here" in said
        assert "secrets of copilot, dev, local cannot be read" in said
        assert "put it back, or begin anew: " in said
        assert "the lines encryptionsalt and secure of Pulumi.copilot.yaml, " in said
        assert not passphrase.exists()
    passphrase.write_text(kept, encoding="utf-8")
    assert "ok       passphrase: in .state" in fresh.tdeploy("doctor", "-p", "local").answer


def test_a_wrong_passphrase_is_said_to_be_one(fresh: Clone, passphrase: Path) -> None:
    settings = fresh.world.folder / "Pulumi.local.yaml"
    before = settings.read_text(encoding="utf-8")
    passphrase.write_text(OTHER, encoding="utf-8")
    for command in (*READING, ("up",), ("init", "--yes")):
        ended = fresh.tdeploy(*command, "-p", "local")
        said = ended.answer if command == ("doctor",) else ended.error
        assert ended.exit_code == (1 if command == ("doctor",) else 2)
        assert f"{passphrase} is not the one that the stack was made with" in said
        assert "put the right one back, or begin anew: " in said
    chosen = fresh.tdeploy("status", "-p", "local", PULUMI_CONFIG_PASSPHRASE=OTHER)
    assert "correct PULUMI_CONFIG_PASSPHRASE, or begin anew: " in chosen.error
    assert settings.read_text(encoding="utf-8") == before


def test_a_clone_that_cannot_be_written_is_said_to_be_so(fresh: Clone) -> None:
    with read_only(fresh) as clone:
        for command in (("status",), ("env",), ("down", "--yes"), ("up",), ("init", "--yes")):
            ended = clone.tdeploy(*command, "-p", "local")
            assert ended.exit_code == 2
            assert f"cannot write {fresh.world.folder / '.state'}" in ended.error
            assert "ermission denied): make " in ended.error
            assert "\n" not in ended.error
        doctor = clone.tdeploy("doctor", "-p", "local")
        assert doctor.exit_code == 1
        assert f"wrong    files: cannot write {fresh.world.folder} (" in doctor.answer
        assert "Traceback" not in doctor.remarks


def test_a_stack_that_cannot_be_written_can_be_read(fresh: Clone, passphrase: Path) -> None:
    assert passphrase.exists()
    with read_only(fresh) as clone:
        status = clone.tdeploy("status", "-p", "local")
        assert status.exit_code == 1
        assert "of 14 well" in status.answer
        for command in (("up",), ("down", "--yes")):
            ended = clone.tdeploy(*command, "-p", "local")
            assert ended.exit_code == 2
            assert f"cannot write {fresh.world.folder / '.state' / '.pulumi' / 'locks'}" in (
                ended.error
            )
        settings = fresh.world.folder / "Pulumi.copilot.yaml"
        for words in ("init --yes", "infra apply-copilot -p other --yes"):
            ended = clone.tdeploy(*words.split())
            assert ended.exit_code == 2
            assert f"cannot write {settings} (" in ended.error


@pytest.mark.parametrize("kept", ["passphrase", ".pulumi/stacks/copilot/local.json"])
def test_what_belongs_to_another_user_is_named(fresh: Clone, passphrase: Path, kept: str) -> None:
    path = passphrase.parent / kept
    with read_only(fresh, f".state/{kept}", taken=0o666) as clone:
        for command in (("status",), ("down", "--yes")):
            ended = clone.tdeploy(*command, "-p", "local")
            assert ended.exit_code == 2
            assert f"cannot read {path} (permission denied): make " in ended.error
        doctor = clone.tdeploy("doctor", "-p", "local")
        assert (doctor.exit_code, doctor.remarks) == (1, "")
        assert f"wrong    files: cannot read {path} (" in doctor.answer


def test_an_environment_file_that_cannot_be_written_is_named(
    fresh: Clone, passphrase: Path
) -> None:
    assert passphrase.exists()
    path = fresh.world.folder / ".env"
    said = f"cannot write {path} (Permission denied): make {path.parent} writable for you"
    with read_only(fresh, ".") as clone:
        written = clone.tdeploy("env", "-p", "local", "--write")
        assert (written.exit_code, written.error) == (2, said)
        up = clone.tdeploy("up", "-p", "local")
        assert (up.exit_code, up.error) == (2, f"updating local failed: {said}")


def test_a_defect_is_told_whole_and_is_no_answer(fresh: Clone) -> None:
    module = fresh.world.folder / "tdeploy" / "doctor.py"
    text = module.read_text(encoding="utf-8")
    body = "    from tdeploy.checks"
    module.write_text(text.replace(body, f'    raise RuntimeError("a defect")\n{body}'))
    ended = fresh.tdeploy("doctor", "-p", "local")
    assert ended.exit_code == 2
    assert "Traceback (most recent call last)" in ended.remarks
    assert ended.remarks.endswith("RuntimeError: a defect\n")


@pytest.mark.parametrize("left", [0, 3000])
def test_a_state_that_is_broken_off_is_named_with_its_copy(local: Clone, left: int) -> None:
    state = local.world.folder / ".state" / ".pulumi" / "stacks" / "copilot" / "local.json"
    copy = state.with_name("local.json.bak")
    state.write_bytes(state.read_bytes()[:left])
    said = f"{state} is broken off or empty: `cp {copy} {state}` puts back what was known"
    for command in (("status",), ("env",), ("up",), ("down", "--yes")):
        ended = local.tdeploy(*command, "-p", "local")
        assert ended.exit_code == 2
        assert ended.error.startswith(said)
    doctor = local.tdeploy("doctor", "-p", "local")
    assert doctor.exit_code == 1
    assert f"wrong    state: {state} is broken off or empty\n" in doctor.answer
    # Of another stack what there is to know is said all the same.
    other = local.tdeploy("status")
    assert other.exit_code == 1
    assert "nothing of the stack copilot runs" in other.answer
    assert f"trouble   {said}" in other.answer

    shutil.copy(copy, state)
    assert "services  14 of 14 well" in local.tdeploy("status", "-p", "local").answer
    assert local.tdeploy("up", "-p", "local").exit_code == 0


def test_without_a_copy_beside_it_the_state_is_put_back_from_an_older_one(local: Clone) -> None:
    # The second one leaves a copy of what the first has made.
    assert local.tdeploy("up", "-p", "local").exit_code == 0
    state = local.world.folder / ".state" / ".pulumi" / "stacks" / "copilot" / "local.json"
    state.write_bytes(b"")
    state.with_name("local.json.bak").unlink()
    said = local.tdeploy("env", "-p", "local").error
    subprocess.run(shlex.split(said.split("`")[1]), check=True)
    assert local.tdeploy("env", "-p", "local").exit_code == 0
    for copy in (local.world.folder / ".state" / ".pulumi" / "backups").rglob("*.json"):
        copy.unlink()
    state.write_bytes(b"")
    assert "put it back from a copy of your own" in local.tdeploy("env", "-p", "local").error


def test_a_lock_that_is_broken_off_is_named(local: Clone) -> None:
    locks = (
        local.world.folder / ".state" / ".pulumi" / "locks" / "organization" / "copilot" / "local"
    )
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "5f0a.json"
    lock.touch()
    up = local.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    assert f"{lock}, a lock, is broken off or empty: delete it once no other" in up.error
    assert f"wrong    state: {lock}, a lock" in local.tdeploy("doctor", "-p", "local").answer
    lock.unlink()
    assert local.tdeploy("up", "-p", "local").exit_code == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("config:\n  copilot:a: [1\n  b: {", "line 3: expected ',' or ']', but got ':'"),
        ("hello", "it holds 'hello'"),
        ("config: 3", "config is 3"),
    ],
)
def test_settings_that_are_no_yaml_are_named(local: Clone, text: str, why: str) -> None:
    settings = local.world.folder / "Pulumi.local.yaml"
    settings.write_text(text, encoding="utf-8")
    what = f"{settings} is no YAML of keys and values"
    fix = f"correct it, keeping encryptionsalt ({why})"
    for command in (("up",), ("init", "--yes")):
        ended = local.tdeploy(*command, "-p", "local")
        assert ended.exit_code == 2
        assert f"{what}: {fix}" in ended.error
    doctor = local.tdeploy("doctor", "-p", "local")
    assert doctor.exit_code == 1
    assert f"wrong    settings: {what}\n           {fix}\n" in doctor.answer
    assert "unknown  passphrase: not looked at, because the settings" in doctor.answer
