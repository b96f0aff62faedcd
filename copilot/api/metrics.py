"""The API's own metrics."""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from copilot.health.decision import State

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# The target is 50 ms at the 95th percentile.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Metrics:
    """One registry for each app; metrics of process and store are in the default registry."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "copilot_api_requests",
            "Requests by route, method and status",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "copilot_api_request_duration_seconds",
            "Time from the request to the end of the response",
            ("route",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._state = Gauge(
            "copilot_api_health_state",
            "1 for the state that the API reports for a cluster, 0 for the others",
            ("cluster", "state"),
            registry=self._registry,
        )
        self._age = Gauge(
            "copilot_api_data_age_seconds",
            "Age of the last verdict; NaN when there is none or the store cannot be read",
            ("cluster",),
            registry=self._registry,
        )
        self._store = Gauge(
            "copilot_api_store_up",
            "1 when the last read of the store succeeded",
            registry=self._registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        # A caller may send any method, and each would become a series.
        known = method if method in METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def set_states(
        self, clusters: Iterable[str], states: Mapping[str, tuple[State, float | None]] | None
    ) -> None:
        """Set state and age of each cluster's verdict; None when the store could not be read."""
        self._state.clear()
        self._age.clear()
        for cluster in clusters:
            reported, age = states[cluster] if states else (State.UNKNOWN, None)
            for state in State:
                self._state.labels(cluster, state).set(state is reported)
            self._age.labels(cluster).set(float("nan") if age is None else age)
        self._store.set(states is not None)

    def exposition(self) -> bytes:
        return generate_latest(REGISTRY) + generate_latest(self._registry)
