"""The row on the Copilot's own process: its cycles, queries, API and model."""

from copilot.signals.signal import RARE
from grafana.dashboard import Panel, PromQL, Row, time_series
from grafana.promql import COPILOT, quantile, rate, total

_NO_MODEL = "only when a model is configured"
_NO_REQUEST = "no series before the first request"


def copilot_process_row() -> Row:
    """Monitoring of the Copilot itself."""
    return Row(
        "The Copilot itself",
        (
            _panel(
                "Cycles by outcome",
                "judged: a verdict; unknown: cluster not observed; failed: no verdict.",
                "suffix: cycles/s",
                PromQL(_rate("copilot_cycles_total", "outcome"), "{{outcome}}"),
            ),
            _panel(
                "Time to a verdict, p95",
                "From the time at which a cycle was due to its decision.",
                "s",
                PromQL(quantile(0.95, "copilot_cycle_duration_seconds", cluster=COPILOT), "p95"),
            ),
            _panel(
                "Failed queries",
                "The Copilot's queries that failed, by source.",
                "suffix: /s",
                PromQL(_rate("copilot_query_errors_total", "source"), "{{source}}"),
            ),
            _panel(
                "Requests to the API",
                "Requests by status.",
                "reqps",
                PromQL(_rate("copilot_api_requests_total", "status"), "{{status}}", _NO_REQUEST),
            ),
            _panel(
                "Latency of the API, p95",
                "Latency by route.",
                "s",
                PromQL(
                    quantile(
                        0.95,
                        "copilot_api_request_duration_seconds",
                        by="route",
                        cluster=COPILOT,
                    ),
                    "{{route}}",
                    _NO_REQUEST,
                ),
            ),
            _panel(
                "Memory",
                "Resident memory of worker and API.",
                "bytes",
                PromQL(
                    "max by ($role) (process_resident_memory_bytes$processes)",
                    "{{$role}}",
                ),
            ),
            _panel(
                "Assessments by explainer",
                "Assessments explained by rules or by a model.",
                "suffix: /s",
                PromQL(
                    _rate("copilot_assessments_total", "explained_by"), "{{explained_by}}", RARE
                ),
            ),
            _panel(
                "Calls to a model by outcome",
                "explained: the model gave a reading; failed: it gave none.",
                "suffix: calls/s",
                PromQL(_rate("copilot_llm_calls_total", "outcome"), "{{outcome}}", _NO_MODEL),
            ),
            _panel(
                "Tokens",
                "Tokens that models read (input) and wrote (output).",
                "suffix: tokens/s",
                PromQL(_rate("copilot_llm_tokens_total", "direction"), "{{direction}}", _NO_MODEL),
            ),
            _panel(
                "Spend",
                "Cost of models since the worker started, by list prices where they are known.",
                "currencyUSD",
                PromQL(
                    total("copilot_llm_cost_usd_total", by="depth", cluster=COPILOT),
                    "{{depth}}",
                    _NO_MODEL,
                ),
            ),
        ),
        collapsed=True,
    )


def _rate(counter: str, by: str) -> str:
    return rate(counter, by=by, cluster=COPILOT)


def _panel(title: str, description: str, unit: str, query: PromQL) -> Panel:
    return time_series(title, description, unit, query, width=8)
