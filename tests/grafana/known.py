"""Metrics that panels may name beside those of the catalogue, by who exports them.

Each is held to what is really exported: the server's by the lab, the DSQL fork's by its recorded
exposition, the Copilot's by its own registries.
"""

from pathlib import Path

import promql_parser
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from copilot.api.metrics import Metrics
from copilot.self_metrics import SelfMetrics
from copilot.signals.catalog import CATALOG
from copilot.signals.signal import query
from tests.copilot.signals.test_catalog import selectors_of

SERVER = frozenset(
    {
        "activity_cancel_total",
        "activity_fail_total",
        "activity_success_total",
        "activity_task_fail_total",
        "activity_timeout_total",
        "asyncmatch_latency_milliseconds_bucket",
        "persistence_sql_idle_conn",
        "persistence_sql_in_use",
        "persistence_sql_max_open_conn",
        "persistence_sql_open_conn",
        "service_error_with_type_total",
        "task_attempt_ratio_bucket",
        "task_errors_total",
        "task_latency_processing_milliseconds_bucket",
        "visibility_persistence_error_with_type_total",
        "visibility_persistence_latency_milliseconds_bucket",
        "visibility_persistence_requests_total",
        "workflow_continued_as_new_total",
    }
)
DSQL_EXPOSITION = Path(__file__).parent.parent / "copilot" / "signals" / "dsql_exposition.txt"
SCRAPER = frozenset({"process_resident_memory_bytes", "up"})
_SUFFIXES = {"histogram": "_bucket", "counter": "_total"}


def catalogue_metrics() -> frozenset[str]:
    """The series that the catalogue's queries read."""
    return frozenset(
        name for signal in CATALOG for name in metrics_of(query(signal, "monitored", 60, 300))
    )


def copilot_metrics() -> frozenset[str]:
    """The series that worker and API export of themselves."""
    worker = CollectorRegistry()
    SelfMetrics(worker)
    exposition = (generate_latest(worker) + Metrics().exposition()).decode()
    return frozenset(
        family.name + _SUFFIXES.get(family.type, "")
        for family in text_string_to_metric_families(exposition)
    )


def dsql_metrics() -> frozenset[str]:
    """The series that the server's fork for Aurora DSQL exports, as documented."""
    families = text_string_to_metric_families(DSQL_EXPOSITION.read_text(encoding="utf-8"))
    return frozenset(sample.name for family in families for sample in family.samples)


def metrics_of(expr: str) -> frozenset[str]:
    """Names of the series that an expression reads; one without a name is an error."""
    names = [selector.name for selector in selectors_of(promql_parser.parse(expr))]
    assert all(names), expr
    return frozenset(name for name in names if name)
