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
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from lab.errors import LabError
from lab.ports import Inner, Published
from lab.processes import ProcessRecord

Visibility = Literal["sql", "elasticsearch"]
"""Where Temporal's visibility is: in the database, or in OpenSearch by Elasticsearch's API."""

FILE = "state.json"
LOCK = "lock"


class State(BaseModel):
    """The content of `state.json`. Only its owner can read it: it has the database's password."""

    published: Published
    inner: Inner
    scrape_seconds: float
    visibility: Visibility = "sql"
    quick: bool = False
    """Whether a development server is each cluster: one process, with its store inside."""
    database_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24))
    initialised: bool = False
    """Schemas and namespaces exist."""
    processes: dict[str, ProcessRecord] = {}
    faults: dict[str, float] = {}
    """Unix time of the injection of each active fault, by name."""

    @property
    def running(self) -> dict[str, ProcessRecord]:
        return {name: record for name, record in self.processes.items() if record.is_running}

    @classmethod
    def read(cls, folder: Path) -> "State | None":
        """The folder's state; None when no lab was started in it. Raises LabError."""
        path = folder / FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LabError(f"cannot read {path}: {error.strerror}") from error
        except ValidationError as error:
            raise LabError(
                f"{path} was not written by this version of the lab: stop its processes,"
                " then delete the folder"
            ) from error

    def write(self, folder: Path) -> None:
        """Replace the state file atomically."""
        unfinished = folder / f"{FILE}.unfinished"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(self.model_dump_json(indent=2))
        unfinished.replace(folder / FILE)


def present(folder: Path) -> State:
    """The present state of a lab; another command may change it. Raises LabError without one."""
    state = State.read(folder)
    if state is None:
        raise LabError(f"there is no lab in {folder}: start one with `python -m lab up`")
    return state


def prepare(folder: Path, *, keep_logs: bool) -> None:
    """Create the folders for logs and configuration. Raises LabError."""
    try:
        if not keep_logs and (folder / "logs").exists():
            shutil.rmtree(folder / "logs")
        (folder / "logs").mkdir(exist_ok=True)
        # Configuration files hold the database's password.
        (folder / "config").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the folder for one command. Raises LabError, which names the command that holds it."""
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
            raise LabError(f"{folder} is held by {holder}: wait until it has ended") from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()} ({shlex.join(sys.argv)[:80]})")
        lock.flush()
        yield


def _unwritable(error: OSError) -> LabError:
    return LabError(
        f"cannot write {error.filename}: {error.strerror}; choose another folder with --folder"
    )
