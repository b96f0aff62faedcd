"""The folder with Pulumi's CLI and a language host beside it."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tools.build import ensure
from tools.servers import PULUMI, find


def require_pulumi() -> None:
    """Skip where the CLI is missing and cannot be built; in CI the build then fails."""
    if find(PULUMI) is None and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip("needs the Pulumi CLI: install Go, then run `python -m tools build pulumi`")


def lay_out(folder: Path) -> Path:
    """Put the CLI, built if it is missing, and the fake language host into one folder.

    The CLI looks for its language host there first, and does not warn about it.
    """
    built = ensure(PULUMI, print)
    folder.mkdir(parents=True)
    try:
        (folder / "pulumi").hardlink_to(built)
    except OSError:  # another file system
        shutil.copy2(built, folder / "pulumi")
    host = Path(__file__).parents[1] / "fakes" / "pulumi" / "language_host.py"
    script = folder / "pulumi-language-python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{host}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder
