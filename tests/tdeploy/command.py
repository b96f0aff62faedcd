"""The command line as a process, as a user runs it in a clone."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
    before: Sequence[str] = ()
    """A command that runs this one."""

    def __call__(self, *arguments: str, **more: str) -> Ended:
        """Run to the end, with nobody there to be asked; `more` are environment variables."""
        with self.started(*arguments, more=more) as process:
            return ended(process)

    def answered(self, answer: str, *arguments: str, question: str) -> Ended:
        """Run at a terminal on which `answer` is typed once `question` was asked."""
        return self.asked([(question, f"{answer}\n")], *arguments)

    def asked(self, answers: Sequence[tuple[str, str | signal.Signals]], *arguments: str) -> Ended:
        """Run at a terminal on which, for each question, something is typed or a signal sent."""
        ours, theirs = pty.openpty()
        said = ""
        try:
            with self.started(*arguments, stdin=theirs) as process:
                assert process.stderr
                for question, answer in answers:
                    asked = ""
                    while question not in asked and (letter := process.stderr.read(1)):
                        asked += letter
                    said += asked
                    if isinstance(answer, str):
                        os.write(ours, answer.encode())
                    else:
                        process.send_signal(answer)
                end = ended(process)
                return replace(end, remarks=said + end.remarks)
        finally:
            os.close(ours)
            os.close(theirs)

    def on_terminal(self, *arguments: str, until: str, then: Callable[[], None]) -> tuple[int, str]:
        """Run with a terminal for everything; exit code, and all that was drawn on it.

        `then` is called once `until` is drawn.
        """
        ours, theirs = pty.openpty()
        drawn = b""
        with self.started(*arguments, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            while select.select([ours], [], [], _TIME_LIMIT_SECONDS)[0]:
                try:
                    drawn += os.read(ours, 65_536)
                except OSError:  # its other side is closed
                    break
                if until.encode() in drawn:
                    then()
            os.close(ours)
            return process.wait(_TIME_LIMIT_SECONDS), drawn.decode()

    @contextmanager
    def started(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        more: Mapping[str, str] | None = None,
    ) -> Iterator[subprocess.Popen[str]]:
        """A command under way; what is left of it is killed."""
        with subprocess.Popen(
            [*self.before, sys.executable, "-m", "tdeploy", *arguments],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            # Without a terminal of its own, or it would ask for a password on the tester's.
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGKILL)


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end."""
    answer, remarks = process.communicate(timeout=_TIME_LIMIT_SECONDS)
    return Ended(process.returncode, answer, remarks)
