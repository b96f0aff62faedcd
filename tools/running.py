"""Runs one build at a time, with progress, and ends its processes with it."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from tools.errors import ToolsError

Progress = Callable[[str], None]
"""Called about once a second with the present step, which replaces the one before."""

_TICK_SECONDS = 1.0
_KILL_AFTER_SECONDS = 5.0
_LINES_OF_A_FAILURE = 3


@contextmanager
def only_builder(lock_file: Path, name: str, progress: Progress) -> Iterator[None]:
    """Wait until no other process builds `name`, and keep others waiting."""
    with lock_file.open("w") as lock:
        start = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = _elapsed(time.monotonic() - start)
                progress(f"waiting for another build of {name}, {waited}")
                time.sleep(_TICK_SECONDS)
            else:
                break
        yield


def run(
    command: Sequence[str],
    step: str,
    usual_minutes: float,
    progress: Progress,
    *,
    folder: Path,
    variables: Mapping[str, str],
) -> None:
    """Run `command` in `folder` with more environment variables.

    `usual_minutes` are measured on 2 cores without a cache. Raises ToolsError with the last lines
    of its output.
    """
    usual = f"usually {usual_minutes:g} min on 2 cores"
    start = time.monotonic()
    with TemporaryFile("w+") as output:
        # In a session of its own, so that only `_end` signals it.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                progress(f"{step} ({usual}), {_elapsed(time.monotonic() - start)}")
                try:
                    process.wait(_TICK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
        finally:
            _end(process)
        if process.returncode:
            output.seek(0)
            output_end = [line.strip() for line in output if line.strip()][-_LINES_OF_A_FAILURE:]
            raise ToolsError(f"{step} failed: {'; '.join(output_end)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children, if they still run."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sign)
        try:
            process.wait(_KILL_AFTER_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
