"""The command line, as a process in a clone or in the process of the test."""

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import psutil

from tdeploy import console
from tdeploy.app import main
from tests.waiting import is_caused

_TIME_LIMIT_SECONDS = 600
"""For one command; the slowest takes some 20 s on an idle machine."""


@dataclass(frozen=True)
class Completed:
    """The exit code and output of a command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """The error message of a command, without the lines of progress before it."""
        _, found, text = self.stderr.partition("error: ")
        assert found, self.stderr
        assert "Traceback" not in self.stderr, self.stderr
        return text.strip()


@dataclass(frozen=True)
class Tdeploy:
    """`python -m tdeploy` in a folder."""

    folder: Path
    environment: Mapping[str, str]
    before: Sequence[str] = ()
    """A command that runs this one."""

    def __call__(self, *arguments: str, **more: str) -> Completed:
        """Run to the end without a terminal; `more` are environment variables."""
        with self.started(*arguments, more=more) as process:
            return ended(process)

    def answered(self, answer: str, *arguments: str, question: str) -> Completed:
        """Run at a terminal on which `answer` is typed after `question`."""
        return self.asked([(question, f"{answer}\n")], *arguments)

    def asked(
        self, answers: Sequence[tuple[str, str | signal.Signals]], *arguments: str
    ) -> Completed:
        """Run at a terminal on which text is typed, or a signal sent, after each question."""
        ours, theirs = pty.openpty()
        read = ""
        try:
            with self.started(*arguments, stdin=theirs) as process:
                assert process.stderr
                for question, answer in answers:
                    text = ""
                    while question not in text and (letter := process.stderr.read(1)):
                        text += letter
                    read += text
                    if isinstance(answer, str):
                        os.write(ours, answer.encode())
                    else:
                        process.send_signal(answer)
                end = ended(process)
                return replace(end, stderr=read + end.stderr)
        finally:
            os.close(ours)
            os.close(theirs)

    def on_terminal(self, *arguments: str, until: str, then: Callable[[], None]) -> tuple[int, str]:
        """Run with a terminal for everything. Returns the exit code and what was drawn.

        Calls `then` once the pattern `until` is drawn.
        """
        ours, theirs = pty.openpty()
        drawn, pattern = b"", re.compile(until.encode())
        with self.started(*arguments, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            while select.select([ours], [], [], _TIME_LIMIT_SECONDS)[0]:
                try:
                    drawn += os.read(ours, 65_536)
                except OSError:  # its other side is closed
                    break
                if pattern.search(drawn):
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
        """A running command, killed with its children at the end of the block."""
        with subprocess.Popen(
            [*self.before, sys.executable, "-m", "tdeploy", *arguments],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            # Or a question for a password would appear on the tester's terminal.
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                _kill(process)


def run_here(*arguments: str, environment: Mapping[str, str]) -> Completed:
    """Run in this process, without a terminal: seconds of imports cheaper than a process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.getsignal(number) for number in numbers}
    try:
        with (
            patch.dict(os.environ, environment, clear=True),
            patch.object(sys, "argv", ["tdeploy", *arguments]),
            patch.object(sys, "stdin", io.StringIO()),
            patch.object(console, "_documents", []),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
            warnings.catch_warnings(),
        ):
            main()
    except SystemExit as end:
        return Completed(int(end.code or 0), stdout.getvalue(), stderr.getvalue())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    raise AssertionError("the command did not exit")


def ended(process: subprocess.Popen[str]) -> Completed:
    """Wait for the end of a command. Fails with its output after the time limit."""
    try:
        stdout, stderr = process.communicate(timeout=_TIME_LIMIT_SECONDS)
    except subprocess.TimeoutExpired as late:
        _kill(process)
        stdout, stderr = process.communicate()
        raise AssertionError(f"{late}\n{stdout}\n{stderr}") from late
    return Completed(process.returncode, stdout, stderr)


def await_event(event: Event, process: subprocess.Popen[str], what: str) -> None:
    """Wait until a running command causes the event. Fails with its output when it ends before."""
    if not is_caused(event, process, _TIME_LIMIT_SECONDS, what):
        raise AssertionError(f"before {what}: {ended(process)}")


def _kill(process: subprocess.Popen[str]) -> None:
    """End a command and its children, which are in sessions of their own."""
    children = []
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
