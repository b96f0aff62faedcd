"""What `make setup` does for Pulumi, with a fake of its command."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from stacks.catalogue.files import ROOT
from stacks.registry import STACKS
from stacks.workspace.passphrase import FILE as PASSPHRASE
from stacks.workspace.prepare import prepare


class Pulumi:
    """A fake of the command, alone on PATH, that keeps stacks elsewhere than the project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def install(self, init: str = 'echo "$3" >> stacks') -> None:
        path = self._folder / "pulumi"
        path.write_text(
            f"""#!/bin/sh
cd "{self._folder}"
touch stacks
if [ "$2" = ls ]; then
    printf '[%s]' "$(sed 's/.*/{{"name": "&"}}/' stacks | paste -s -d ,)"
else
    echo "$*" >> calls
    echo "$PULUMI_CONFIG_PASSPHRASE_FILE" > passphrase
    {init}
fi
"""
        )
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The calls that create a stack."""
        path = self._folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def passphrase_variable(self) -> str:
        return (self._folder / "passphrase").read_text().strip()


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    folder = tmp_path / "commands"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return Pulumi(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_a_fresh_clone_gets_a_passphrase_and_its_stacks(pulumi: Pulumi, project: Path) -> None:
    pulumi.install()
    assert prepare(project, STACKS) is None
    assert stat.S_IMODE((project / PASSPHRASE).stat().st_mode) == 0o600
    assert len((project / PASSPHRASE).read_text().strip()) >= 32
    assert [call.split()[:3] for call in pulumi.calls] == [
        ["stack", "init", stack] for stack in STACKS
    ]
    assert pulumi.passphrase_variable == str(project / PASSPHRASE)


def test_a_second_run_changes_nothing(pulumi: Pulumi, project: Path) -> None:
    pulumi.install()
    prepare(project, STACKS)
    before = (project / PASSPHRASE).read_text()
    assert prepare(project, STACKS) is None
    assert (project / PASSPHRASE).read_text() == before
    assert len(pulumi.calls) == len(STACKS)


def test_the_users_own_passphrase_is_used(
    pulumi: Pulumi, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi.install()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    prepare(project, STACKS)
    assert pulumi.passphrase_variable == ""
    assert not (project / PASSPHRASE).exists()


def test_a_missing_passphrase_of_existing_stacks_is_not_recreated(
    pulumi: Pulumi, project: Path
) -> None:
    pulumi.install()
    (project / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:x\n")
    state = project / ".state" / ".pulumi" / "stacks" / "copilot" / "local.json"
    state.parent.mkdir(parents=True)
    state.touch()
    problem = prepare(project, STACKS)
    assert problem
    assert str(project / PASSPHRASE) in problem
    assert "dev, local" in problem
    assert not (project / PASSPHRASE).exists()
    assert not pulumi.calls


def test_a_missing_command_is_reported_once(pulumi: Pulumi, project: Path) -> None:
    assert not pulumi.calls
    problem = prepare(project, STACKS)
    assert problem is not None
    assert "https://www.pulumi.com/docs/install" in problem
    assert prepare(project, STACKS) is None


def test_a_stack_that_cannot_be_created_is_named(pulumi: Pulumi, project: Path) -> None:
    pulumi.install("echo 'error: no access' >&2; exit 255")
    problem = prepare(project, STACKS) or ""
    assert "`pulumi stack init dev`" in problem
    assert "error: no access" in problem


def test_stacks_are_listed_by_pulumi_and_not_by_the_state_folder(
    pulumi: Pulumi, project: Path
) -> None:
    pulumi.install()
    (project / PASSPHRASE).parent.mkdir()
    (project / PASSPHRASE).write_text("kept")
    left = project / ".state" / ".pulumi" / "stacks" / "copilot" / "dev.json"
    left.parent.mkdir(parents=True)
    left.touch()
    assert prepare(project, STACKS) is None
    assert len(pulumi.calls) == len(STACKS)


def test_a_stack_that_another_run_creates_meanwhile_is_accepted(
    pulumi: Pulumi, project: Path
) -> None:
    pulumi.install("echo \"error: stack 'dev' already exists\" >&2; exit 255")
    assert prepare(project, STACKS) is None


@pytest.mark.parametrize(
    ("target", "is_needed"),
    [("setup", True), ("servers", False), ("demo", False), ("test", False), ("lint", False)],
)
def test_only_setup_needs_pulumi(target: str, *, is_needed: bool) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    planned = subprocess.run(
        [make, "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert ("stacks.setup" in planned) == is_needed
