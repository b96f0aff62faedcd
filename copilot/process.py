"""What every Copilot process shares: settings, one-line logs and errors, exit codes, a port."""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Awaitable, Callable

from copilot import settings as environment
from copilot.errors import CopilotError, PortError
from copilot.settings import Settings


class OneLine(logging.Formatter):
    """One record, one line: an exception becomes its type and its message, not a traceback."""

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
    """The text with every run of white space, line ends too, as one space."""
    return " ".join(text.split())


def start_logging(level: str) -> None:
    """Send records of `level` and above to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # A line for every query of every cycle would hide the others.
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; raises PortError when it cannot be had. Port 0 is any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle off, which holds answers back for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A restart must not wait for the last connections' TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "stop what holds it, or choose another"
        ) from error
    return listener


def run(main: Callable[[Settings], Awaitable[None]]) -> int:
    """Run a process to its end and return its exit code: 0, or that of the error that ended it.

    An error that a user can cause is one line on stderr; any other is a defect and keeps its
    traceback.
    """

    async def with_settings(settings: Settings) -> None:
        await main(settings)

    try:
        settings = environment.load()
        start_logging(settings.log_level)
        asyncio.run(with_settings(settings))
    except CopilotError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0
