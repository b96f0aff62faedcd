"""Seconds that each container takes to start, and the longest chain of those that wait."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import docker
from components.docker_engine import SERVICE_LABEL
from stacks.catalogue.catalogue import Catalogue

_NANOSECONDS = 10**9
_STEP_SECONDS = 1.0
_READY = {"health_status: healthy", "die"}


@contextmanager
def measured_starts(client: docker.DockerClient) -> Iterator[dict[str, float]]:
    """Seconds from each container's start until it was healthy or, for a job, until its end.

    By name in the catalogue, complete when the block ends. A service without a probe has 0, because
    a job waits for it.
    """
    events = Events(client)
    stopped = threading.Event()
    listener = threading.Thread(target=events.follow, args=(stopped,))
    listener.start()
    try:
        yield events.times
    finally:
        stopped.set()
        listener.join()


class Events:
    """Reads an engine's events every second, because the engine keeps only the newest few."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.times: dict[str, float] = {}
        self._client = client
        self._started: dict[str, float] = {}
        self._newest = time.time_ns()

    def follow(self, stopped: threading.Event) -> None:
        """Read events until `stopped`, and then the last ones."""
        while not stopped.wait(_STEP_SECONDS):
            self._read()
        self._read()

    def _read(self) -> None:
        found = self._client.events(
            since=self._newest // _NANOSECONDS,
            until=time.time_ns() // _NANOSECONDS + 1,
            filters={"type": "container", "event": ["start", "health_status", "die"]},
            decode=True,
        )
        for event in found:
            if event["timeNano"] > self._newest:
                self._newest = event["timeNano"]
                name = event["Actor"]["Attributes"].get(SERVICE_LABEL)
                self._note(name, event["Action"], event["timeNano"] / _NANOSECONDS)

    def _note(self, name: str | None, action: str, seconds: float) -> None:
        if name and action == "start":
            self._started[name], self.times[name] = seconds, 0.0
        elif name in self._started and action in _READY and not self.times[name]:
            self.times[name] = seconds - self._started[name]


def critical_path(catalogue: Catalogue, times: Mapping[str, float]) -> tuple[float, list[str]]:
    """Seconds of the longest chain of workloads that wait for each other, and its members."""

    @cache
    def longest(name: str) -> tuple[float, tuple[str, ...]]:
        before = [longest(other) for other in catalogue.waits_for(catalogue.workloads[name])]
        seconds, chain = max(before, default=(0.0, ()))
        return seconds + times[name], (*chain, name)

    seconds, chain = max(longest(name) for name in catalogue.workloads)
    return seconds, list(chain)
