"""Follows the Copilot's verdicts as a user sees them, while something else is done to the lab."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.bench.alarms import Seen

_POLL_SECONDS = 0.5
_TIME_LIMIT_SECONDS = 30


class Follower:
    """Every change of state or first cause, from `/status`, twice a second."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=_TIME_LIMIT_SECONDS, trust_env=False)
        self._ended = threading.Event()
        self.seen: list[Seen] = []

    @property
    def state(self) -> str:
        """The present state; unknown before the first answer."""
        return self.seen[-1].state if self.seen else "unknown"

    def run(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            try:
                status = self._http.get("/status").raise_for_status().json()
            except httpx.HTTPError:
                # A busy machine; the next answer follows soon.
                continue
            causes = [f"{cause['kind']} {cause['name']}" for cause in status["causes"]]
            now = Seen(time.time(), status["health_state"], causes[0] if causes else "")
            last = self.seen[-1] if self.seen else None
            if last is None or (last.state, last.cause) != (now.state, now.cause):
                self.seen.append(now)

    def end(self) -> None:
        self._ended.set()
        self._http.close()


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
