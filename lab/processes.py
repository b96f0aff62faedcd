"""Starts, finds and ends the lab's processes. They outlive the command that started them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from lab.errors import LabError

STOP_SECONDS = 30.0
"""A process that has not ended after this time is killed."""

_POLL_SECONDS = 0.05
# The system reuses a process id only after all others, so two processes with one id start far
# apart; the reported start time moves a little when the clock is set.
_SAME_START_SECONDS = 5.0
_CAUSE_CHARACTERS = 300

# Children of this process become zombies unless they are waited for.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ProcessRecord(BaseModel):
    """A started process; with it another command can find the process again."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    started: float
    """Unix time of its start; distinguishes it from a later process with the same id."""
    log: Path
    stop_signal: int = signal.SIGTERM

    def process(self) -> psutil.Process | None:
        """The running process, or None when it has ended."""
        _wait_for_ended_children()
        try:
            process = psutil.Process(self.pid)
            # Its main thread may have ended before others, which still hold its ports.
            if process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1:
                return None
            if abs(process.create_time() - self.started) > _SAME_START_SECONDS:
                return None
        except psutil.NoSuchProcess:
            return None
        return process

    @property
    def is_running(self) -> bool:
        return self.process() is not None

    def end_of_log(self) -> str:
        """The end of the last line of its log, where the cause is."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "its log is empty")[
            -_CAUSE_CHARACTERS:
        ]


def server_environment() -> dict[str, str]:
    """The environment of a server, without variables that set its flags, such as SQL_HOST."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
    user: int | None = None,
    stop_signal: int = signal.SIGTERM,
) -> ProcessRecord:
    """Start a process in a session of its own; its output is appended to `log`."""
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=server_environment() if environment is None else environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else (),
            )
    except OSError as error:
        raise LabError(f"cannot start {name}: {error}") from error
    # Before anything waits for it: until then even a process that died at once is known.
    started = psutil.Process(child.pid).create_time()
    _children[child.pid] = child
    return ProcessRecord(
        name=name, pid=child.pid, started=started, log=log, stop_signal=stop_signal
    )


def await_ready(
    record: ProcessRecord,
    ready: Callable[[], bool],
    seconds: float,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until `ready` or `is_cancelled` is true.

    Raises LabError when the process ends, or after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready() and not is_cancelled():
        if not record.is_running:
            raise LabError(
                f"{record.name} ended while starting, see {record.log}: {record.end_of_log()}"
            )
        if time.monotonic() > deadline:
            raise LabError(f"{record.name} was not ready within {seconds:.0f} s: see {record.log}")
        time.sleep(_POLL_SECONDS)


def stop(records: Iterable[ProcessRecord], seconds: float = STOP_SECONDS) -> None:
    """Signal all processes to end, and kill those that still run after `seconds`."""
    left = list(records)
    for record in left:
        _signal(record, record.stop_signal)
    left = _await_end(left, seconds)
    for record in left:
        _signal(record, signal.SIGKILL)
    left = _await_end(left, seconds)
    if left:
        names = ", ".join(f"{record.name} (process {record.pid})" for record in left)
        raise LabError(f"{names} did not end within {seconds:.0f} s of SIGKILL")


def kill(record: ProcessRecord) -> None:
    """End a process as a crash would."""
    _signal(record, signal.SIGKILL)
    _await_end([record], STOP_SECONDS)


def _wait_for_ended_children() -> None:
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)


def _signal(record: ProcessRecord, number: int) -> None:
    process = record.process()
    if process:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return


def _await_end(records: list[ProcessRecord], seconds: float) -> list[ProcessRecord]:
    deadline = time.monotonic() + seconds
    while left := [record for record in records if record.is_running]:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return left
