"""What a user does first: a clone, `uv sync`, `uv run tdeploy --help`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

_TIME_LIMIT_SECONDS = 300


@pytest.fixture
def uv() -> str:
    """The command, beside this Python or on PATH. Skips with the reason; in CI it fails."""
    found = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
    reason = ""
    if found is None:
        reason = "uv is neither in the environment nor on PATH: install requirements/dev.txt"
    elif not (ROOT / ".git").exists():
        reason = "this is no clone, so there is nothing to clone"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return str(found)


def run(folder: Path, *command: str) -> str:
    """What a command answers in a folder, with nothing of this environment's own."""
    taken = {"UV_PROJECT_ENVIRONMENT": str(folder / "environment"), "UV_PYTHON": sys.executable}
    own = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**own, **taken, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_clone_has_the_command_after_uv_sync(uv: str, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "--quiet", str(ROOT), str(clone))
    run(clone, uv, "sync")
    shown = run(clone, uv, "run", "tdeploy", "--help")
    assert shown.startswith("Usage: tdeploy ")
    assert "  status " in shown
    # What only tests need is no part of it.
    assert not list((clone / "environment").glob("lib/python3*/site-packages/pytest"))
    # And nothing is left in the clone that Git would ask about.
    assert run(clone, "git", "status", "--short") == ""
