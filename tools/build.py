"""Builds the pinned servers with Go into the cache folder."""

import os
import shutil
from pathlib import Path

from tools.errors import ToolsError
from tools.running import Progress, only_builder, run
from tools.servers import Server, find


def ensure(server: Server, progress: Progress) -> Path:
    """Return the server's binary, after building it if it is missing. Raises ToolsError."""
    found = find(server)
    if found:
        return found
    target = server.cached
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with only_builder(target.with_name(f"{server.name}.lock"), server.name, progress):
            # Another process may have built it while this one waited for the lock.
            if not os.access(target, os.X_OK):
                _build(server, target, progress)
    except OSError as error:
        raise ToolsError(
            f"cannot write {error.filename or target}: {error.strerror};"
            " make the folder writable or set TEMPORAL_SRE_COPILOT_CACHE to another one"
        ) from error
    return target


def _build(server: Server, target: Path, progress: Progress) -> None:
    go = shutil.which("go")
    if not go:
        raise ToolsError(
            f"{server.name} {server.version} is missing, and Go is not installed to build it:"
            f" install Go {_go_version(server)} or later, or set {server.variable} to a binary"
        )
    # Left by killed builds; the lock is held.
    for left in target.parent.glob(f"{server.name}-*.unfinished"):
        left.unlink()
    # Unique, because the compiler of a killed build may still write to its file.
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    command = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags", server.linker_flags]
    command += ["-tags", server.tags] if server.tags else []
    command += ["-o", str(unfinished), server.package]
    try:
        run(
            command,
            f"building {server.name} {server.version}",
            server.cold_build_minutes,
            progress,
            folder=server.go_folder,
            variables={"CGO_ENABLED": "0", "GOWORK": "off"},
        )
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _go_version(server: Server) -> str:
    lines = (server.go_folder / "go.mod").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("go "))
