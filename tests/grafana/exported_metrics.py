"""Metrics that panels may read, by exporter.

Tests compare each list with a real exporter: the server's in the lab, the DSQL fork's with its
recorded exposition, the Copilot's with its registries.
"""

from pathlib import Path

import promql_parser
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from copilot.api.metrics import Metrics
from copilot.signals.catalog import CATALOG
from copilot.signals.queries import fill
from copilot.worker.metrics import WorkerMetrics
from tests.copilot.signals.test_catalog import selectors_of

SERVER_METRICS = frozenset(
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
SCRAPE_METRICS = frozenset({"process_resident_memory_bytes", "up"})
_SUFFIXES = {"histogram": "_bucket", "counter": "_total"}


def catalogue_metrics() -> frozenset[str]:
    """Series that the catalogue's queries read."""
    return frozenset(
        name
        for signal in CATALOG
        for name in metrics_of(fill(signal.query.promql, "monitored", 60, 300))
    )


def copilot_metrics() -> frozenset[str]:
    """Series that worker and API export."""
    worker = CollectorRegistry()
    WorkerMetrics(worker, late_after_seconds=90)
    exposition = (generate_latest(worker) + Metrics().exposition()).decode()
    return frozenset(
        family.name + _SUFFIXES.get(family.type, "")
        for family in text_string_to_metric_families(exposition)
    )


def dsql_metrics() -> frozenset[str]:
    """Series that the server's fork for Aurora DSQL documents."""
    families = text_string_to_metric_families(DSQL_EXPOSITION.read_text(encoding="utf-8"))
    return frozenset(sample.name for family in families for sample in family.samples)


def metrics_of(expr: str) -> frozenset[str]:
    """Names of the series that an expression reads; fails for a selector without a name."""
    names = [selector.name for selector in selectors_of(promql_parser.parse(expr))]
    assert all(names), expr
    return frozenset(name for name in names if name)
