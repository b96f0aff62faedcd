"""What `make bench` makes of a wrong word; what it measures is in no test."""

import os
import subprocess
import sys

from tests.engine.project import ROOT


def test_a_part_that_is_none_is_refused_before_anything_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench"],
        cwd=ROOT,
        env={**os.environ, "ONLY": "costs"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: ONLY=costs is no part: use cost, command, corpus, stack, faults\n"
