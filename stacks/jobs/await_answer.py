"""Wait until a URL answers 200, for services whose image cannot run a health check.

Usage: python await_answer.py URL TIME_LIMIT_SECONDS
"""

import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.error import URLError
from urllib.request import urlopen

_REQUEST_SECONDS = 5
_PAUSE_SECONDS = 0.25


def problem_of(url: str) -> str | None:
    """Why the URL does not answer 200, or None when it does."""
    try:
        with urlopen(url, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310
            return None if answer.status == HTTPStatus.OK else f"status {answer.status}"
    except (URLError, OSError) as error:
        return str(error)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 as soon as the URL answers."""
    url, seconds = arguments
    deadline = time.monotonic() + float(seconds)
    while problem := problem_of(url):
        if time.monotonic() > deadline:
            print(f"{url} does not answer after {seconds} s: {problem}")  # noqa: T201
            return 1
        time.sleep(_PAUSE_SECONDS)
    print(f"{url} answers")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
