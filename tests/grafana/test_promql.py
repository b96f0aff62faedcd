"""Every PromQL expression of the dashboards parses, selects one cluster, reads known metrics."""

import promql_parser
import pytest

from copilot.signals.catalog import CATALOG
from copilot.signals.signal import Signal
from grafana.dashboard import PromQL
from grafana.dashboards import copilot
from grafana.provisioning import all_queries
from grafana.shown import LONG_WINDOW, SHORT_WINDOW
from tests.copilot.signals.test_catalog import nodes_of, selectors_of
from tests.grafana.exported_metrics import (
    SCRAPE_METRICS,
    SERVER_METRICS,
    catalogue_metrics,
    copilot_metrics,
    dsql_metrics,
    metrics_of,
)
from tests.grafana.variables import expand_variables

QUERIES = [
    (dashboard, panel, query)
    for dashboard, panel, query in all_queries()
    if isinstance(query, PromQL)
]
EACH_EXPRESSION = pytest.mark.parametrize(
    "expr",
    [query.expr for _, _, query in QUERIES],
    ids=[f"{dashboard.uid}: {panel.title}: {query.legend}" for dashboard, panel, query in QUERIES],
)
EXPORTED = (
    catalogue_metrics() | copilot_metrics() | dsql_metrics() | SERVER_METRICS | SCRAPE_METRICS
)


@EACH_EXPRESSION
def test_it_selects_one_cluster(expr: str) -> None:
    for selector in selectors_of(promql_parser.parse(expand_variables(expr))):
        (cluster,) = [m for m in selector.matchers.matchers if m.name == "cluster"]
        assert cluster.op == promql_parser.MatchOp.Equal
        assert cluster.value in {"monitored", "copilot"}


@EACH_EXPRESSION
def test_it_reads_exported_metrics(expr: str) -> None:
    assert metrics_of(expand_variables(expr)) <= EXPORTED


@EACH_EXPRESSION
def test_its_windows_follow_the_scrape_interval(expr: str) -> None:
    windows = expr.count("[")
    assert expr.count(f"[{SHORT_WINDOW}]") + expr.count(f"[{LONG_WINDOW}]") == windows
    for node in nodes_of(promql_parser.parse(expand_variables(expr))):
        assert not isinstance(node, promql_parser.SubqueryExpr)


@EACH_EXPRESSION
def test_it_leaves_out_start_up_pools(expr: str) -> None:
    for selector in selectors_of(promql_parser.parse(expand_variables(expr))):
        if (selector.name or "").startswith("dsql_"):
            wanted = ("service_name", promql_parser.MatchOp.NotEqual, "server")
            assert wanted in [(m.name, m.op, m.value) for m in selector.matchers.matchers]


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_every_signal_of_the_catalogue_has_a_panel(signal: Signal) -> None:
    panels = copilot.DASHBOARD.panels
    shown = {query.expr for panel in panels for query in panel.queries if isinstance(query, PromQL)}
    assert signal.query.promql in shown


def test_dsql_metrics_are_documented_by_the_fork() -> None:
    """No server on Aurora DSQL runs in tests, so its documented exposition is the reference."""
    read = {name for _, _, query in QUERIES for name in metrics_of(expand_variables(query.expr))}
    assert {name for name in read if name.startswith("dsql_")} <= dsql_metrics()
