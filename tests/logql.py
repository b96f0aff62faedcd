"""LogQL, read by Grafana's own grammar (npm's @grafana/lezer-logql)."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_SOURCE = Path(__file__).parent / "logql_syntax"
_INSTALL_SECONDS = 300
_PARSE_SECONDS = 120


@dataclass(frozen=True)
class LogqlParser:
    """The grammar, installed in `folder`."""

    folder: Path

    def problems(self, queries: Sequence[str]) -> list[str]:
        """The syntax error of each query, or an empty text."""
        answer = subprocess.run(
            ["node", "parse.mjs"],  # noqa: S607 - whichever Node a user has
            cwd=self.folder,
            input=json.dumps(queries),
            capture_output=True,
            text=True,
            timeout=_PARSE_SECONDS,
            check=True,
        )
        problems: list[str] = json.loads(answer.stdout)
        return problems


def logql_parser(folder: Path) -> LogqlParser:
    """Install the grammar into an empty folder.

    Without Node the test is skipped with the reason, or fails in CI.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node and npm are not installed")
        pytest.skip("needs Node and npm")
    installed = folder / "logql"
    shutil.copytree(_SOURCE, installed)
    subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=installed,
        check=True,
        capture_output=True,
        timeout=_INSTALL_SECONDS,
    )
    return LogqlParser(installed)
