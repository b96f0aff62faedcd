"""Observe a lab: Prometheus' values, and the verdicts of its Copilot."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from lab.cluster import Lab
from lab.fault import Fault
from tests.waiting import until

Status = dict[str, Any]
RANK = {"happy": 0, "stressed": 1, "critical": 2}
# Of one request: a machine that is busy starting a whole stack answers late.
REQUEST_SECONDS = 60


def query(lab: Lab, promql: str) -> dict[str, float]:
    """Return the value of each series by its `job` label."""
    url = f"{lab.environment()['PROMETHEUS_ENDPOINT']}/api/v1/query"
    response = httpx.get(url, params={"query": promql}, trust_env=False, timeout=REQUEST_SECONDS)
    series = response.raise_for_status().json()["data"]["result"]
    return {one["metric"].get("job", ""): float(one["value"][1]) for one in series}


class LateError(AssertionError):
    """An expected verdict did not come in time."""


@dataclass
class Watch:
    """Polls `/status` of one cluster, without its name of the only one.

    `logged` are patterns and services of the cycles since `begin`.
    """

    url: str
    cluster: str = ""
    poll_seconds: float = 0.5
    logged: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        of_cluster = {"cluster": self.cluster} if self.cluster else {}
        self._http = httpx.Client(base_url=self.url, timeout=REQUEST_SECONDS, params=of_cluster)
        self._begin: Status = {}

    def close(self) -> None:
        self._http.close()

    def begin(self) -> None:
        """Forget what was up to the newest cycle."""
        self._begin = self.until(lambda s: bool(s["timestamp"]), REQUEST_SECONDS, "a verdict")
        self.logged.clear()

    def status(self) -> Status:
        """Return the present status and record its log patterns."""
        status: Status = self._http.get("/status").raise_for_status().json()
        if status["cycle"] != self._begin.get("cycle"):
            self.logged |= {
                (found["name"], found["service"])
                for found in status["log_patterns"]
                if found["count"] > 0
            }
        return status

    @property
    def states(self) -> list[str]:
        """The state at `begin` and every change since, also those that no poll has met."""
        timeline = self._timeline()
        before = [timeline["state_at_start"]] if self._begin else []
        return [*before, *(change["health_state"] for change in timeline["timeline"])]

    @property
    def changes(self) -> list[Status]:
        """The changes of state since `begin`, with their causes."""
        changes: list[Status] = self._timeline()["timeline"]
        return changes

    def _timeline(self) -> Status:
        parameters = {"limit": "1000"}
        if self._begin:
            after = datetime.fromisoformat(self._begin["timestamp"]) + timedelta(microseconds=1)
            parameters["start"] = after.isoformat()
        answer = self._http.get("/status/timeline", params=parameters)
        timeline: Status = answer.raise_for_status().json()
        return timeline

    def until(self, wanted: Callable[[Status], bool], within: float, what: str) -> Status:
        """Return the first status for which `wanted` holds. Raises LateError after `within` s."""
        deadline = time.monotonic() + within
        status: Status | None = None
        while True:
            # A busy machine may let one request time out, to the API or from it to its store.
            with suppress(httpx.TimeoutException, httpx.HTTPStatusError):
                status = self.status()
                if wanted(status):
                    return status
            if time.monotonic() > deadline:
                raise LateError(f"not {what} within {within:.0f} s; last {status}")
            time.sleep(self.poll_seconds)

    def until_state(self, state: str, within: float) -> Status:
        return self.until(lambda status: status["health_state"] == state, within, state)

    def until_explained(self, words: str, within: float) -> None:
        """Wait for these words as a model's reading of the present evidence."""

        def has_words() -> bool:
            summary = self._http.get("/status/summary").raise_for_status().json()
            return bool(summary["reading"] == words)

        until(has_words, within, "explained by a model")

    def cycles(self, count: int, within: float) -> None:
        """Wait for `count` more verdicts."""
        last = self.until(lambda _: True, within, "answered").get("cycle") or 0
        self.until(lambda s: (s.get("cycle") or 0) >= last + count, within, f"{count} cycles on")

    def until_steady(self, state: str, count: int, within: float) -> Status:
        """Return the first status since `begin` that was `state` for `count` cycles in a row."""

        def lasts(status: Status) -> bool:
            if status["health_state"] != state:
                return False
            changes = self.changes
            before: int = changes[-1]["cycle"] - 1 if changes else self._begin["cycle"]
            return bool(status["cycle"] >= before + count)

        return self.until(lasts, within, f"{state} for {count} cycles in a row")


@contextmanager
def injected(lab: Lab, *faults: str) -> Iterator[None]:
    """Inject faults, and heal every one at the end, also where another cannot be healed."""
    with ExitStack() as healing:
        for fault in faults:
            healing.callback(lab.heal, fault)
            lab.inject(fault)
        yield


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


def critical_causes(watch: Watch) -> set[str]:
    """The kinds of the first causes of critical verdicts since `begin`."""
    critical = (change for change in watch.changes if change["health_state"] == "critical")
    return {change["causes"][0]["kind"] for change in critical}
