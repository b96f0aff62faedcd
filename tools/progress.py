"""Progress of a long build: one changing line on a terminal, else a line every 30 s."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from tools.running import Progress

_PLAIN_EVERY_SECONDS = 30.0


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Yield a Progress that writes to `console`."""
    if not console.is_terminal:
        yield _plain(console)
        return
    with console.status("") as status:
        yield status.update


def _plain(console: Console) -> Progress:
    last_start = ""
    last_time = 0.0

    def show(text: str) -> None:
        nonlocal last_start, last_time
        # The elapsed time follows the last comma; a new step is printed at once.
        start = text.rpartition(",")[0]
        now = time.monotonic()
        if start != last_start or now - last_time >= _PLAIN_EVERY_SECONDS:
            last_start, last_time = start, now
            console.print(text, highlight=False, soft_wrap=True)

    return show
