"""Wait in a test until a condition holds, and fail with its description when it does not."""

import asyncio
import inspect
import subprocess
import time
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any, TypeVar, cast, overload

T = TypeVar("T")

INTERVAL_SECONDS = 0.05


def until(
    condition: Callable[[], T],
    seconds: float,
    what: str,
    interval_seconds: float = INTERVAL_SECONDS,
) -> T:
    """Return the first true value of `condition`. `what` is the awaited fact: "history is down".

    A condition that calls a server with a rate limit wants an interval of its own.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        _fail_after(deadline, seconds, what)
        time.sleep(interval_seconds)
    return value


def is_caused(event: Event, by: subprocess.Popen[Any], seconds: float, what: str) -> bool:
    """Wait until a process causes the event or ends; false when it ended without."""
    until(lambda: event.is_set() or by.poll() is not None, seconds, what)
    return event.is_set()


@overload
async def until_async(
    condition: Callable[[], Awaitable[T]], seconds: float, what: str, interval_seconds: float = ...
) -> T: ...
@overload
async def until_async(
    condition: Callable[[], T], seconds: float, what: str, interval_seconds: float = ...
) -> T: ...
async def until_async(
    condition: Callable[[], Awaitable[T]] | Callable[[], T],
    seconds: float,
    what: str,
    interval_seconds: float = INTERVAL_SECONDS,
) -> T:
    """`until` in an event loop; `condition` is a function or a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        value = cast("T", await found if inspect.isawaitable(found) else found)
        if value:
            return value
        _fail_after(deadline, seconds, what)
        await asyncio.sleep(interval_seconds)


def _fail_after(deadline: float, seconds: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise AssertionError(f"after {seconds:g} s still not: {what}")
