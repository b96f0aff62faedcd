"""What a Temporal cluster says of its store, whatever the store is."""

from copilot.signals.names import SignalName as S
from copilot.signals.scopes import EXPECTED_ERRORS
from grafana.model import Panel, PromQL, Row
from grafana.promql import RARE, quantile, rate
from grafana.signals import signal_panel

_REAL_ERRORS = f'error_type!~"{EXPECTED_ERRORS}"'


def persistence_row(top: int) -> Row:
    """Requests, latency and errors, of the `top` operations where they are told apart."""
    return Row(
        "Persistence",
        (
            signal_panel(S.PERSISTENCE_REQUEST_RATE, width=8),
            signal_panel(S.PERSISTENCE_ERROR_RATE, width=8),
            signal_panel(S.PERSISTENCE_LATENCY_P95, S.PERSISTENCE_LATENCY_P99, width=8),
            Panel(
                "Requests by operation",
                f"The {top} operations that the store is asked for most.",
                queries=(
                    PromQL(
                        rate("persistence_requests_total", by="operation", top=top),
                        "{{operation}}",
                    ),
                ),
                unit="reqps",
            ),
            Panel(
                "Latency by operation, p95",
                f"The {top} slowest operations, with their waits for a connection.",
                queries=(
                    PromQL(
                        quantile(0.95, "persistence_latency_milliseconds", by="operation", top=top),
                        "{{operation}}",
                    ),
                ),
                unit="ms",
            ),
            Panel(
                "Errors by type",
                "Failed requests without answers like 'not found' or 'condition failed'.",
                queries=(
                    PromQL(
                        rate("persistence_error_with_type_total", _REAL_ERRORS, by="error_type"),
                        "{{error_type}}",
                        RARE,
                    ),
                ),
                unit="suffix: errors/s",
            ),
            signal_panel(S.STORE_SESSION_REFRESH_RATE),
        ),
    )
