"""Pytest plugin (`-p tests.timing`): writes the time of a run and of each of its tests as JSON.

The file is named by the variable TEST_TIMES.
"""

import json
import os
import resource
from collections import defaultdict
from pathlib import Path

import pytest

VARIABLE = "TEST_TIMES"
_seconds: defaultdict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up set-up, call and teardown of a test."""
    _seconds[report.nodeid] += report.duration


def pytest_sessionfinish() -> None:
    """Write the CPU seconds of this process and its ended children, and the seconds by test."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    times = {
        "cpu_seconds": sum(usage.ru_utime + usage.ru_stime for usage in usages),
        "tests": _seconds,
    }
    Path(os.environ[VARIABLE]).write_text(json.dumps(times), encoding="utf-8")
