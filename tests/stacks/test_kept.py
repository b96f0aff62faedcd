"""What is kept beside the state."""

import stat
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from stacks import kept
from tests.components.pulumi_run import run


def ask(function: Callable[[], str], folder: Path) -> str:
    found: list[str] = []
    run(lambda: found.append(function()), folder=folder)
    return found[0]


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = ask(lambda: kept.secret("password"), tmp_path)
    assert len(first) >= 32
    assert ask(lambda: kept.secret("password"), tmp_path) == first
    assert stat.S_IMODE((tmp_path / ".state" / "password").stat().st_mode) == 0o600


def test_a_generation_changes_only_with_a_loss(tmp_path: Path) -> None:
    first = ask(lambda: kept.generation("image", is_lost=True), tmp_path)
    assert ask(lambda: kept.generation("image", is_lost=False), tmp_path) == first
    second = ask(lambda: kept.generation("image", is_lost=True), tmp_path)
    assert second != first
    assert ask(lambda: kept.generation("image", is_lost=False), tmp_path) == second


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "project").write_text("")
    with pytest.raises(pulumi.RunError, match=r"cannot make .*\.state: Not a directory"):
        ask(lambda: kept.secret("password"), tmp_path / "project")
