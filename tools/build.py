"""Builds the pinned servers with Go into the cache folder."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from tools.errors import ToolsError
from tools.servers import Server, find

Progress = Callable[[str], None]
"""Told about once a second what is going on; each text replaces the one before."""

_TICK_SECONDS = 1.0
_KILL_AFTER_SECONDS = 5.0
_LINES_OF_A_FAILURE = 3


def ensure(server: Server, progress: Progress) -> Path:
    """The server's binary, built when there is none. Raises ToolsError with one line."""
    found = find(server)
    if found:
        return found
    target = server.cached
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_builder(target, server, progress):
            # Another process may have built it while this one waited for the lock.
            if not os.access(target, os.X_OK):
                _build(server, target, progress)
    except OSError as error:
        raise ToolsError(
            f"cannot write {error.filename or target}: {error.strerror};"
            " make the folder writable or set TEMPORAL_SRE_COPILOT_CACHE to another one"
        ) from error
    return target


@contextmanager
def _only_builder(target: Path, server: Server, progress: Progress) -> Iterator[None]:
    with target.with_name(f"{server.name}.lock").open("w") as lock:
        start = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = _elapsed(time.monotonic() - start)
                progress(f"waiting for another build of {server.name}, {waited}")
                time.sleep(_TICK_SECONDS)
            else:
                break
        yield


def _build(server: Server, target: Path, progress: Progress) -> None:
    go = shutil.which("go")
    if not go:
        raise ToolsError(
            f"{server.name} {server.version} is not here and Go, which builds it, is not installed:"
            f" install Go {_go_version(server)} or later, or set {server.variable} to a binary"
        )
    # Whoever was killed while building left its unfinished file; under the lock it is ours.
    for left in target.parent.glob(f"{server.name}-*.unfinished"):
        left.unlink()
    # The name is this builder's own: a killed one's compiler may still be writing to its.
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    command = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags", server.linker_flags]
    command += ["-tags", server.tags] if server.tags else []
    command += ["-o", str(unfinished), server.package]
    try:
        _run(command, server, progress)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _run(command: list[str], server: Server, progress: Progress) -> None:
    usual = f"usually {server.cold_build_minutes:g} min on 2 cores"
    start = time.monotonic()
    with TemporaryFile("w+") as output:
        # In a session of its own, so that Ctrl-C reaches it once, from here.
        process = subprocess.Popen(
            command,
            cwd=server.go_folder,
            env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                elapsed = _elapsed(time.monotonic() - start)
                progress(f"building {server.name} {server.version} ({usual}), {elapsed}")
                try:
                    process.wait(_TICK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    continue
        finally:
            _end(process)
        if process.returncode:
            output.seek(0)
            said = [line.strip() for line in output if line.strip()][-_LINES_OF_A_FAILURE:]
            raise ToolsError(f"building {server.name} {server.version} failed: {'; '.join(said)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the compiler and what it started; nothing to do after a finished build."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sign)
        try:
            process.wait(_KILL_AFTER_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _go_version(server: Server) -> str:
    lines = (server.go_folder / "go.mod").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("go "))


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
