"""`make bench` refuses an unknown part."""

import os
import subprocess
import sys

from tests.engine.project import ROOT


def test_an_unknown_part_is_refused_before_anything_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench"],
        cwd=ROOT,
        env={**os.environ, "ONLY": "costs"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "error: ONLY=costs is not a part: use cost, command, corpus, stack, faults\n"
    )
