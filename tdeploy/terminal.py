"""Rich's console for progress. Rich omits colours where NO_COLOR is set or no terminal is."""

from functools import cache

from rich.console import Console


@cache
def stderr_console() -> Console:
    """The console for everything that is not the answer."""
    return Console(highlight=False, soft_wrap=True, markup=False, stderr=True)
