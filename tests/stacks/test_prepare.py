"""What `make setup` does for Pulumi, with a stand-in of its command."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from stacks.passphrase import FILE as PASSPHRASE
from stacks.prepare import prepare
from stacks.templates import ROOT


class Pulumi:
    """A stand-in of the command, alone on PATH, that keeps stacks elsewhere than the project."""

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
        """Those that make a stack."""
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
    assert prepare(project) is None
    assert stat.S_IMODE((project / PASSPHRASE).stat().st_mode) == 0o600
    assert len((project / PASSPHRASE).read_text().strip()) >= 32
    assert [call.split()[:3] for call in pulumi.calls] == [
        ["stack", "init", "dev"],
        ["stack", "init", "copilot"],
        ["stack", "init", "local"],
    ]
    assert pulumi.passphrase_variable == str(project / PASSPHRASE)


def test_nothing_is_done_twice(pulumi: Pulumi, project: Path) -> None:
    pulumi.install()
    prepare(project)
    before = (project / PASSPHRASE).read_text()
    assert prepare(project) is None
    assert (project / PASSPHRASE).read_text() == before
    assert len(pulumi.calls) == 3


def test_the_users_own_passphrase_is_used(
    pulumi: Pulumi, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi.install()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    prepare(project)
    assert pulumi.passphrase_variable == ""
    assert not (project / PASSPHRASE).exists()


def test_a_passphrase_that_stacks_need_is_made_only_once(pulumi: Pulumi, project: Path) -> None:
    pulumi.install()
    (project / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:x\n")
    state = project / ".state" / ".pulumi" / "stacks" / "copilot" / "local.json"
    state.parent.mkdir(parents=True)
    state.touch()
    problem = prepare(project)
    assert problem
    assert "state and the secrets of dev, local cannot be read: put it back" in problem
    assert not (project / PASSPHRASE).exists()
    assert not pulumi.calls


def test_without_the_command_it_is_said_once(pulumi: Pulumi, project: Path) -> None:
    assert not pulumi.calls
    problem = prepare(project)
    assert problem is not None
    assert "install it" in problem
    assert prepare(project) is None


def test_a_stack_that_cannot_be_made_is_named(pulumi: Pulumi, project: Path) -> None:
    pulumi.install("echo 'error: no access' >&2; exit 255")
    assert prepare(project) == "`pulumi stack init dev` failed: error: no access"


def test_what_looks_like_the_state_does_not_stand_for_a_stack_that_is_kept_elsewhere(
    pulumi: Pulumi, project: Path
) -> None:
    pulumi.install()
    (project / PASSPHRASE).parent.mkdir()
    (project / PASSPHRASE).write_text("kept")
    left = project / ".state" / ".pulumi" / "stacks" / "copilot" / "dev.json"
    left.parent.mkdir(parents=True)
    left.touch()
    assert prepare(project) is None
    assert len(pulumi.calls) == 3


def test_a_stack_that_another_makes_meanwhile_is_fine(pulumi: Pulumi, project: Path) -> None:
    pulumi.install("echo \"error: stack 'dev' already exists\" >&2; exit 255")
    assert prepare(project) is None


@pytest.mark.parametrize(
    ("target", "asks"),
    [("setup", True), ("servers", False), ("demo", False), ("test", False), ("lint", False)],
)
def test_what_needs_no_stack_does_not_ask_for_pulumi(target: str, *, asks: bool) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    planned = subprocess.run(
        [make, "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert ("stacks.prepare" in planned) == asks
