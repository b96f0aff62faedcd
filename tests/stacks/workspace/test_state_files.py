"""Values in files beside the state."""

import stat
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from stacks.workspace import state_files
from tests.components.pulumi_run import run


def value_of(function: Callable[[], str], folder: Path) -> str:
    values: list[str] = []
    run(lambda: values.append(function()), folder=folder)
    return values[0]


def test_a_secret_is_created_once_for_its_owner_only(tmp_path: Path) -> None:
    first = value_of(lambda: state_files.secret("password"), tmp_path)
    assert len(first) >= 32
    assert value_of(lambda: state_files.secret("password"), tmp_path) == first
    assert stat.S_IMODE((tmp_path / ".state" / "password").stat().st_mode) == 0o600


def test_a_generation_changes_only_with_a_loss(tmp_path: Path) -> None:
    first = value_of(lambda: state_files.generation("image", is_lost=True), tmp_path)
    assert value_of(lambda: state_files.generation("image", is_lost=False), tmp_path) == first
    second = value_of(lambda: state_files.generation("image", is_lost=True), tmp_path)
    assert second != first
    assert value_of(lambda: state_files.generation("image", is_lost=False), tmp_path) == second


def test_of_a_stacks_history_the_last_updates_stay(tmp_path: Path) -> None:
    def recorded(folder: Path) -> list[str]:
        return sorted(file.name for file in folder.iterdir())

    state = tmp_path / ".state" / ".pulumi"
    history, backups, other = (
        state / "history" / "copilot" / "local",
        state / "backups" / "copilot" / "local",
        state / "history" / "copilot" / "dev",
    )
    for folder in (history, backups, other):
        folder.mkdir(parents=True)
    for update in range(1000, 1020):
        (backups / f"local.{update}.json").touch()
        for folder in (history, other):
            (folder / f"{folder.name}-{update}.history.json").touch()
            (folder / f"{folder.name}-{update}.checkpoint.json").touch()
    run(lambda: state_files.trim_history("local"), folder=tmp_path)
    assert recorded(backups) == [f"local.{update}.json" for update in range(1015, 1020)]
    assert recorded(history) == [
        f"local-{update}.{kind}.json"
        for update in range(1015, 1020)
        for kind in ("checkpoint", "history")
    ]
    assert len(recorded(other)) == 40


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "project").write_text("")
    with pytest.raises(pulumi.RunError, match=r"\.state: Not a directory"):
        value_of(lambda: state_files.secret("password"), tmp_path / "project")
