"""The start of every Copilot process: settings, one-line logs and errors, exit codes, a port."""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Callable, Coroutine

from copilot import settings as environment
from copilot.errors import CopilotError, PortError
from copilot.settings import Settings


class OneLineFormatter(logging.Formatter):
    """Each record on one line, with the type and message of its exception and no traceback."""

    def __init__(self) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            message = f"{message}: {type(error).__name__}: {error}"
        at = self.formatTime(record, self.datefmt)
        return f"{at} {record.levelname} {record.name}: {one_line(message)}"


def one_line(text: str) -> str:
    """The text with each run of white space replaced by one space."""
    return " ".join(text.split())


def start_logging(level: str) -> None:
    """Send records of `level` and above to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # They log a line for every query of every cycle, and at DEBUG headers with secrets.
    for chatty in ("botocore", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free port. Raises PortError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm (40 ms more for a response) off only for a named protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A restart does not wait for connections in TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "stop the program that listens there, or choose another port"
        ) from error
    return listener


def run(main: Callable[[Settings], Coroutine[object, object, None]]) -> int:
    """Run a process to its end; returns 0, or the exit code of the CopilotError that ended it.

    A CopilotError is one line on stderr; any other exception is a defect and keeps its traceback.
    """
    try:
        settings = environment.load()
        start_logging(settings.log_level)
        asyncio.run(main(settings))
    except CopilotError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0
