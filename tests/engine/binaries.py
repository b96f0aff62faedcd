"""The folder that commands are run from: Pulumi's CLI, and its language host beside it."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tools.build import ensure
from tools.servers import PULUMI, find


def require_pulumi() -> None:
    """Skip with the reason where the CLI neither is nor can be built; in CI it fails there."""
    if find(PULUMI) is None and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip("needs the Pulumi CLI: install Go, then run `python -m tools build pulumi`")


def lay_out(folder: Path) -> Path:
    """Put the CLI, built where it is missing, and the stand-in for its language host side by side.

    There the CLI looks for its language host first, and uses it without a word.
    """
    built = ensure(PULUMI, print)
    folder.mkdir(parents=True)
    try:
        (folder / "pulumi").hardlink_to(built)
    except OSError:  # another file system
        shutil.copy2(built, folder / "pulumi")
    host = Path(__file__).with_name("language_host.py")
    script = folder / "pulumi-language-python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{host}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder
