"""Shows a long build: a ticking line on a terminal, now and then a plain line elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from tools.build import Progress

_PLAIN_EVERY_SECONDS = 30.0


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """A Progress that writes to `console`."""
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
        # The elapsed time follows the last comma; a new subject is always worth a line.
        start = text.rpartition(",")[0]
        now = time.monotonic()
        if start != last_start or now - last_time >= _PLAIN_EVERY_SECONDS:
            last_start, last_time = start, now
            console.print(text, highlight=False, soft_wrap=True)

    return show
