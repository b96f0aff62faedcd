"""`make bench` refuses an unknown part or fault."""

import os
import subprocess
import sys

import pytest

from tests.engine.project import ROOT


@pytest.mark.parametrize(("variable", "value"), [("ONLY", "costs"), ("FAULTS", "idle,kill-all")])
def test_what_is_unknown_is_refused_before_anything_is_measured(variable: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench"],
        cwd=ROOT,
        env={**os.environ, variable: value},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {variable}=")
    assert done.stderr.count("\n") == 1
