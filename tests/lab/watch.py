"""Wait for what a running Copilot says of its cluster."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from lab.faults import Fault

Status = dict[str, Any]
RANK = {"happy": 0, "stressed": 1, "critical": 2}


class LateError(AssertionError):
    """The Copilot did not say in time what was waited for; tells what it said last."""


@dataclass
class Watch:
    """Polls `/status`; `states`, with `reasons`, are those since `begin`, each once in a row."""

    url: str
    poll_seconds: float = 0.2
    states: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.url, timeout=10)

    def close(self) -> None:
        self._http.close()

    def begin(self) -> None:
        self.states.clear()
        self.reasons.clear()

    def status(self) -> Status:
        """The newest answer; a store that cannot be asked is `unknown` like any other gap."""
        status: Status = self._http.get("/status").json()
        state = status["health_state"]
        if self.states[-1:] != [state]:
            self.states.append(state)
            self.reasons.append(status.get("reason", ""))
        return status

    def until(self, wanted: Callable[[Status], bool], within: float, what: str) -> Status:
        """The first answer that is `wanted`. Raises LateError after `within` seconds."""
        deadline = time.monotonic() + within
        while True:
            status = self.status()
            if wanted(status):
                return status
            if time.monotonic() > deadline:
                seen = f"states {self.states}; last {status}"
                raise LateError(f"not {what} within {within:.0f} s; {seen}")
            time.sleep(self.poll_seconds)

    def until_state(self, state: str, within: float) -> Status:
        return self.until(lambda status: status["health_state"] == state, within, state)

    def until_worded(self, words: str, within: float) -> None:
        """Wait for a model's words on the present evidence. Raises LateError."""
        deadline = time.monotonic() + within
        while (summary := self._http.get("/status/summary").json())["summary"] != words:
            if time.monotonic() > deadline:
                raise LateError(f"not worded by a model within {within:.0f} s: {summary}")
            time.sleep(self.poll_seconds)

    def cycles(self, count: int, within: float) -> None:
        """Let `count` more verdicts pass."""
        last = self.status().get("cycle") or 0
        self.until(lambda s: (s.get("cycle") or 0) >= last + count, within, f"{count} cycles on")


def detected(fault: Fault) -> Callable[[Status], bool]:
    """Is the fault said: a state at least as bad as the table's first step, and its cause?

    `critical` comes from the third cycle on, so that a fault is detected once it is `stressed`.
    """

    def said(status: Status) -> bool:
        return at_least_stressed(fault, status) and names_cause(fault, status)

    return said


def at_least_stressed(fault: Fault, status: Status) -> bool:
    state = status["health_state"]
    if fault.verdict == "unknown":
        return bool(state == "unknown")
    return RANK.get(state, 0) >= RANK["stressed"]


def names_cause(fault: Fault, status: Status) -> bool:
    return any(
        cause["kind"] in fault.cause_kinds and cause["name"].endswith(fault.cause_name)
        for cause in status.get("causes", [])
    )
