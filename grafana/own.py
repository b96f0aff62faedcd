"""How the Copilot itself fares: its cycles, its questions, its API, its model."""

from grafana.model import Panel, PromQL, Row
from grafana.promql import OWN_CLUSTER, RARE, quantile, rate, select, total

_PROCESSES = 'job=~"copilot-worker|copilot-api"'
_NO_MODEL = "only where a model is asked"
_ANSWERED = "no request of anyone"


def own_row() -> Row:
    """The monitoring of the monitor."""
    return Row(
        "The Copilot itself",
        (
            _panel(
                "Cycles by outcome",
                "judged: a verdict; unknown: the cluster could not be seen; failed: no verdict.",
                "suffix: cycles/s",
                PromQL(_rate("copilot_cycles_total", "outcome"), "{{outcome}}"),
            ),
            _panel(
                "Time to a verdict, p95",
                "From the time a cycle was due to its decision.",
                "s",
                PromQL(
                    quantile(0.95, "copilot_cycle_duration_seconds", cluster=OWN_CLUSTER), "p95"
                ),
            ),
            _panel(
                "Questions without an answer",
                "What the Copilot asked in vain, by source.",
                "suffix: /s",
                PromQL(_rate("copilot_query_errors_total", "source"), "{{source}}"),
            ),
            _panel(
                "Requests to the API",
                "By status.",
                "reqps",
                PromQL(_rate("copilot_api_requests_total", "status"), "{{status}}", _ANSWERED),
            ),
            _panel(
                "Latency of the API, p95",
                "By route.",
                "s",
                PromQL(
                    quantile(
                        0.95,
                        "copilot_api_request_duration_seconds",
                        by="route",
                        cluster=OWN_CLUSTER,
                    ),
                    "{{route}}",
                    _ANSWERED,
                ),
            ),
            _panel(
                "Memory",
                "Resident memory of worker and API.",
                "bytes",
                PromQL(
                    "max by (job) ("
                    + select("process_resident_memory_bytes", _PROCESSES, cluster=OWN_CLUSTER)
                    + ")",
                    "{{job}}",
                ),
            ),
            _panel(
                "Assessments, by who explains",
                "Explanations by rules or by a model.",
                "suffix: /s",
                PromQL(
                    _rate("copilot_assessments_total", "explained_by"), "{{explained_by}}", RARE
                ),
            ),
            _panel(
                "Calls of a model, by outcome",
                "explained: the model worded it; failed: the rules' words stayed.",
                "suffix: calls/s",
                PromQL(_rate("copilot_llm_calls_total", "outcome"), "{{outcome}}", _NO_MODEL),
            ),
            _panel(
                "Tokens",
                "What models read (input) and wrote (output).",
                "suffix: tokens/s",
                PromQL(_rate("copilot_llm_tokens_total", "direction"), "{{direction}}", _NO_MODEL),
            ),
            _panel(
                "Spend",
                "What models cost since the worker started, by list prices where they are known.",
                "currencyUSD",
                PromQL(
                    total("copilot_llm_cost_usd_total", by="depth", cluster=OWN_CLUSTER),
                    "{{depth}}",
                    _NO_MODEL,
                ),
            ),
        ),
        collapsed=True,
    )


def _rate(counter: str, by: str) -> str:
    return rate(counter, by=by, cluster=OWN_CLUSTER)


def _panel(title: str, meaning: str, unit: str, query: PromQL) -> Panel:
    return Panel(title, meaning, queries=(query,), unit=unit, width=8)
