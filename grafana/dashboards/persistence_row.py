"""The row on persistence as the Temporal server measures it, for any store."""

from copilot.signals.matchers import EXPECTED_ERRORS
from copilot.signals.signal import RARE
from copilot.signals.signal_names import SignalName as S
from grafana.dashboard import PromQL, Row, time_series
from grafana.promql import quantile, rate
from grafana.signal_panels import signal_panel

_REAL_ERRORS = f'error_type!~"{EXPECTED_ERRORS}"'


def persistence_row(top: int) -> Row:
    """Requests, latency and errors; panels by operation show the `top` ones."""
    return Row(
        "Persistence",
        (
            signal_panel(S.PERSISTENCE_REQUEST_RATE, width=8),
            signal_panel(S.PERSISTENCE_ERROR_RATE, width=8),
            signal_panel(S.PERSISTENCE_LATENCY_P95, S.PERSISTENCE_LATENCY_P99, width=8),
            time_series(
                "Requests by operation",
                f"The {top} most frequent operations.",
                "reqps",
                PromQL(
                    rate("counter:persistence_requests", by="operation", top=top), "{{operation}}"
                ),
            ),
            time_series(
                "Latency by operation, p95",
                f"The {top} slowest operations, including their wait for a connection.",
                "ms",
                PromQL(
                    quantile(0.95, "timer:persistence_latency", by="operation", top=top),
                    "{{operation}}",
                ),
            ),
            time_series(
                "Errors by type",
                "Failed requests, except expected errors like 'not found' or 'condition failed'.",
                "suffix: errors/s",
                PromQL(
                    rate("counter:persistence_error_with_type", _REAL_ERRORS, by="error_type"),
                    "{{error_type}}",
                    RARE,
                ),
            ),
            signal_panel(S.STORE_SESSION_REFRESH_RATE),
            signal_panel(S.VISIBILITY_REQUEST_RATE),
            signal_panel(S.VISIBILITY_ERROR_RATE),
        ),
    )
