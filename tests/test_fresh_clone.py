"""What a user does first in a clone: `uv sync` and `uv run tdeploy`, or the demo's environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

_TIME_LIMIT_SECONDS = 900


@pytest.fixture
def uv() -> str:
    """The path of uv. Without it the test is skipped with the reason, or fails in CI."""
    found = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
    reason = ""
    if found is None:
        reason = "uv is neither in the environment nor on PATH: install requirements/dev.txt"
    elif not (ROOT / ".git").exists():
        reason = "this folder is not a clone"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return str(found)


def run(folder: Path, *command: str) -> str:
    """Return the output of a command in a folder, without this virtual environment."""
    uv_settings = {
        "UV_PROJECT_ENVIRONMENT": str(folder / "environment"),
        "UV_PYTHON": sys.executable,
    }
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **uv_settings, "UV_PYTHON_DOWNLOADS": "never"},
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
    # Commands are imported when they are called.
    every = "name for _, name, _ in pkgutil.walk_packages(tdeploy.__path__, 'tdeploy.')"
    modules = f"[importlib.import_module(name) for name in ({every}) if '__main__' not in name]"
    program = "import importlib, pkgutil, tdeploy"
    run(clone, uv, "run", "python", "-c", f"{program}; {modules}")
    # Without the tests' packages.
    assert not list((clone / "environment").glob("lib/python3*/site-packages/pytest"))
    assert run(clone, "git", "status", "--short") == ""


def test_the_lab_and_the_copilot_need_only_their_own_requirements(uv: str, tmp_path: Path) -> None:
    python = str(tmp_path / "environment" / "bin" / "python")
    run(tmp_path, uv, "venv", "--quiet", "environment")
    packages = str(ROOT / "requirements" / "lab.txt")
    run(tmp_path, uv, "pip", "install", "--python", python, "--require-hashes", "-r", packages)
    modules = "lab.cli, lab.load, tools.__main__, copilot.worker.main, copilot.api.app"
    run(ROOT, python, "-c", f"import {modules}")
