"""Every PromQL of the dashboards parses, asks one cluster, and names only what is exported."""

import promql_parser
import pytest

from copilot.signals.catalog import CATALOG
from copilot.signals.signal import Signal
from grafana.dashboards import queries
from grafana.model import PromQL
from grafana.promql import LONG, SHORT, signal_expr
from tests.copilot.signals.test_catalog import nodes_of, selectors_of
from tests.grafana.filled import filled
from tests.grafana.known import (
    SCRAPER,
    SERVER,
    catalogue_metrics,
    copilot_metrics,
    dsql_metrics,
    metrics_of,
)

ASKED = [
    (dashboard, panel, query) for dashboard, panel, query in queries() if isinstance(query, PromQL)
]
EVERY = pytest.mark.parametrize(
    "expr",
    [query.expr for _, _, query in ASKED],
    ids=[f"{dashboard.uid}: {panel.title}: {query.legend}" for dashboard, panel, query in ASKED],
)
KNOWN = catalogue_metrics() | copilot_metrics() | dsql_metrics() | SERVER | SCRAPER


@EVERY
def test_it_parses_and_asks_one_cluster(expr: str) -> None:
    for selector in selectors_of(promql_parser.parse(filled(expr))):
        (cluster,) = [m for m in selector.matchers.matchers if m.name == "cluster"]
        assert cluster.op == promql_parser.MatchOp.Equal
        assert cluster.value in {"monitored", "copilot"}


@EVERY
def test_it_names_only_what_someone_exports(expr: str) -> None:
    assert metrics_of(filled(expr)) <= KNOWN


@EVERY
def test_its_windows_follow_the_scrapes(expr: str) -> None:
    windows = expr.count("[")
    assert expr.count(f"[{SHORT}]") + expr.count(f"[{LONG}]") == windows
    for node in nodes_of(promql_parser.parse(filled(expr))):
        assert not isinstance(node, promql_parser.SubqueryExpr)


@EVERY
def test_the_servers_start_up_pools_are_left_out(expr: str) -> None:
    for selector in selectors_of(promql_parser.parse(filled(expr))):
        if (selector.name or "").startswith("dsql_"):
            wanted = ("service_name", promql_parser.MatchOp.NotEqual, "server")
            assert wanted in [(m.name, m.op, m.value) for m in selector.matchers.matchers]


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_every_signal_of_the_catalogue_has_a_panel(signal: Signal) -> None:
    shown = {query.expr for dashboard, _, query in ASKED if dashboard.uid == "temporal-sre-copilot"}
    assert signal_expr(signal) in shown


def test_metrics_of_the_dsql_fork_are_those_that_it_documents() -> None:
    """No server on Aurora DSQL runs here: its names are held to its documented exposition."""
    read = {name for _, _, query in ASKED for name in metrics_of(filled(query.expr))}
    assert {name for name in read if name.startswith("dsql_")} <= dsql_metrics()
