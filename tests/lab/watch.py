"""Observe a lab: Prometheus' values, and the verdicts of its Copilot."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from lab.cluster import Lab
from lab.fault import Fault
from tests.waiting import until

Status = dict[str, Any]
RANK = {"happy": 0, "stressed": 1, "critical": 2}


def query(lab: Lab, promql: str) -> dict[str, float]:
    """Return the value of each series by its `job` label."""
    url = f"{lab.environment()['PROMETHEUS_ENDPOINT']}/api/v1/query"
    response = httpx.get(url, params={"query": promql}, trust_env=False).raise_for_status()
    series = response.json()["data"]["result"]
    return {one["metric"].get("job", ""): float(one["value"][1]) for one in series}


class LateError(AssertionError):
    """An expected verdict did not come in time."""


@dataclass
class Watch:
    """Polls `/status`. `states` and `reasons` are the changes of state since `begin`."""

    url: str
    poll_seconds: float = 0.5
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
        """Return the present status and record its state."""
        status: Status = self._http.get("/status").json()
        state = status["health_state"]
        if self.states[-1:] != [state]:
            self.states.append(state)
            self.reasons.append(status.get("reason", ""))
        return status

    def until(self, wanted: Callable[[Status], bool], within: float, what: str) -> Status:
        """Return the first status for which `wanted` holds. Raises LateError after `within` s."""
        deadline = time.monotonic() + within
        status: Status | None = None
        while True:
            # A machine that is busy starting a whole stack may let one request time out.
            with suppress(httpx.TimeoutException):
                status = self.status()
                if wanted(status):
                    return status
            if time.monotonic() > deadline:
                raise LateError(
                    f"not {what} within {within:.0f} s; states {self.states}; last {status}"
                )
            time.sleep(self.poll_seconds)

    def until_state(self, state: str, within: float) -> Status:
        return self.until(lambda status: status["health_state"] == state, within, state)

    def until_explained(self, words: str, within: float) -> None:
        """Wait for these words as a model's reading of the present evidence."""

        def has_words() -> bool:
            return bool(self._http.get("/status/summary").json()["reading"] == words)

        until(has_words, within, "explained by a model")

    def cycles(self, count: int, within: float) -> None:
        """Wait for `count` more verdicts."""
        last = self.status().get("cycle") or 0
        self.until(lambda s: (s.get("cycle") or 0) >= last + count, within, f"{count} cycles on")


def detected(fault: Fault) -> Callable[[Status], bool]:
    """Whether a status reports the fault: at least `stressed` (or `unknown`), and its cause.

    `critical` follows from the third cycle on.
    """
    return lambda status: is_bad_enough(fault, status) and names_cause(fault, status)


def is_bad_enough(fault: Fault, status: Status) -> bool:
    state = status["health_state"]
    if fault.verdict == "unknown":
        return bool(state == "unknown")
    return RANK.get(state, 0) >= RANK["stressed"]


def names_cause(fault: Fault, status: Status) -> bool:
    return any(
        cause["kind"] in fault.cause_kinds and cause["name"].endswith(fault.cause_name)
        for cause in status.get("causes", [])
    )
