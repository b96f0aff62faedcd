"""Follows the Copilot's verdicts as a user sees them, while something else is done to the lab."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from tests.bench.alarms import Seen

_POLL_SECONDS = 0.5
_TIME_LIMIT_SECONDS = 30


class Follower:
    """Every change of state or first cause, from `/status`, twice a second."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self.seen: list[Seen] = []

    @property
    def state(self) -> str:
        """The present state; unknown before the first answer."""
        return self.seen[-1].state if self.seen else "unknown"

    def run(self) -> None:
        """Follow until `end`."""
        with httpx.Client(base_url=self._url, timeout=_TIME_LIMIT_SECONDS, trust_env=False) as http:
            while not self._ended.wait(_POLL_SECONDS):
                # A busy machine may answer late; the next answer follows soon.
                with suppress(httpx.HTTPError):
                    self._take(http.get("/status").raise_for_status().json())

    def end(self) -> None:
        self._ended.set()

    def _take(self, status: Mapping[str, Any]) -> None:
        causes = [f"{cause['kind']} {cause['name']}" for cause in status["causes"]]
        now = Seen(time.time(), status["health_state"], causes[0] if causes else "")
        last = self.seen[-1] if self.seen else None
        if last is None or (last.state, last.cause) != (now.state, now.cause):
            self.seen.append(now)


@contextmanager
def following(url: str) -> Iterator[Follower]:
    """A follower of the API at `url`."""
    follower = Follower(url)
    thread = threading.Thread(target=follower.run, daemon=True)
    thread.start()
    try:
        yield follower
    finally:
        follower.end()
        thread.join(_TIME_LIMIT_SECONDS)
