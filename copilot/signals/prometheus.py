"""Instant queries to a metrics store with Prometheus' HTTP API (Prometheus, Mimir)."""

from collections.abc import Iterable

import httpx

from copilot.signals.instant_query import Answer, InstantQueries


class MetricsClient(InstantQueries):
    """Evaluates PromQL now. `endpoint` is the base URL without `/api/v1`."""

    _variable = "PROMETHEUS_ENDPOINT"
    _access = "COPILOT_METRICS"
    _name = "metrics store"
    _api = "Prometheus"
    # The largest answer names queues and workflow types: 10,000 series are about 2 MB.
    _max_bytes = 16_000_000
    _quotes_answers = True

    async def query_all(
        self, queries: Iterable[str], *, budget_seconds: float | None = None
    ) -> dict[str, Answer]:
        """Every query with its answer; equal queries are sent once.

        `budget_seconds` is the time for all of them, by default the client's.
        """
        requests = {promql: self._request(promql) for promql in queries}
        return await self._send_all(requests, budget_seconds)

    async def query(self, promql: str) -> Answer:
        """The answer to one query."""
        return await self._send(self._request(promql))

    def _request(self, promql: str) -> httpx.Request:
        return self._http.build_request(
            "POST",
            # In whole milliseconds: Prometheus refuses a fraction, such as "2.5s".
            "/api/v1/query",
            data={"query": promql, "timeout": f"{self._timeout * 1000:.0f}ms"},
        )
