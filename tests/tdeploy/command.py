"""The command line as a process, as a user runs it in a clone."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TIME_LIMIT_SECONDS = 240


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    answer: str
    """Standard output."""
    remarks: str
    """Standard error."""

    @property
    def error(self) -> str:
        """The one message of a command that failed, without the lines of progress before it."""
        _, found, text = self.remarks.partition("error: ")
        assert found, self.remarks
        assert "Traceback" not in self.remarks, self.remarks
        return text.strip()


@dataclass(frozen=True)
class Tdeploy:
    """`python -m tdeploy` in a folder."""

    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *arguments: str, **more: str) -> Ended:
        """Run to the end, with nobody there to be asked; `more` are environment variables."""
        with self.started(*arguments, more=more) as process:
            return ended(process)

    def answered(self, answer: str, *arguments: str) -> Ended:
        """Run at a terminal on which `answer` is typed."""
        ours, theirs = pty.openpty()
        try:
            os.write(ours, f"{answer}\n".encode())
            with self.started(*arguments, stdin=theirs) as process:
                return ended(process)
        finally:
            os.close(ours)
            os.close(theirs)

    @contextmanager
    def started(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        more: Mapping[str, str] | None = None,
    ) -> Iterator[subprocess.Popen[str]]:
        """A command under way; what is left of it is killed."""
        with subprocess.Popen(
            [sys.executable, "-m", "tdeploy", *arguments],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGKILL)


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end."""
    answer, remarks = process.communicate(timeout=_TIME_LIMIT_SECONDS)
    return Ended(process.returncode, answer, remarks)
