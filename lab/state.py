"""What a lab's folder remembers, and the lock that keeps two commands from changing it at once."""

import fcntl
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from lab.errors import LabError
from lab.ports import Inner, Published
from lab.processes import ProcessRecord

FILE = "state.json"
LOCK = "lock"


class State(BaseModel):
    """The content of `state.json`. Only the owner can read it: it holds the database's password."""

    published: Published
    inner: Inner
    scrape_seconds: float
    database_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24))
    initialised: bool = False
    """Schemas and namespaces exist: nothing is left to be done on an empty database."""
    processes: dict[str, ProcessRecord] = {}
    faults: dict[str, float] = {}
    """Active faults, by name, with the Unix time of their injection."""

    @property
    def running(self) -> dict[str, ProcessRecord]:
        return {name: record for name, record in self.processes.items() if record.is_running}

    @classmethod
    def read(cls, folder: Path) -> "State | None":
        """The folder's state; None where no lab was started."""
        path = folder / FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LabError(f"cannot read {path}: {error.strerror}") from error
        except ValidationError as error:
            raise LabError(
                f"{path} was not written by this version of the lab: end what runs from it,"
                " then delete the folder"
            ) from error

    def write(self, folder: Path) -> None:
        """Replace the state file at once."""
        unfinished = folder / f"{FILE}.unfinished"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(self.model_dump_json(indent=2))
        unfinished.replace(folder / FILE)


def prepare(folder: Path, *, keep_logs: bool) -> None:
    """Make the folders for logs and configuration. Raises LabError where it cannot write."""
    try:
        if not keep_logs and (folder / "logs").exists():
            # Logs of an earlier run would only grow.
            shutil.rmtree(folder / "logs")
        (folder / "logs").mkdir(exist_ok=True)
        # Configuration files hold the database's password.
        (folder / "config").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one command. Raises LabError naming the command that has it."""
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+")
    except OSError as error:
        raise _unwritable(error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "another command"
            raise LabError(f"{folder} is held by {holder}: wait until it is done") from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()} ({shlex.join(sys.argv)[:80]})")
        lock.flush()
        yield


def _unwritable(error: OSError) -> LabError:
    return LabError(
        f"cannot write {error.filename}: {error.strerror}; choose another folder with --folder"
    )
