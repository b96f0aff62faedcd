"""A process has ended when its last thread has: until then its ports are taken."""

import sys
from pathlib import Path

import psutil
import pytest

from lab import processes
from tests.waiting import until

LIMIT_SECONDS = 60
# The main thread ends first; the other one lives on.
PROGRAM = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells that the main thread ended")
def test_a_process_without_its_main_thread_still_runs(tmp_path: Path) -> None:
    record = processes.start("threads", [sys.executable, "-c", PROGRAM], tmp_path / "log")
    try:
        process = psutil.Process(record.pid)
        until(
            lambda: process.status() == psutil.STATUS_ZOMBIE,
            LIMIT_SECONDS,
            "the main thread has ended",
        )
        assert record.is_running
    finally:
        processes.kill(record)
    assert not record.is_running
