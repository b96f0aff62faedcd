"""The catalogue is complete, and every query of a cycle is PromQL of one cluster."""

import promql_parser
import pytest

from copilot.signals.catalog import BY_NAME, CATALOG
from copilot.signals.cycle_queries import CycleQueries
from copilot.signals.queries import Shape, fill
from copilot.signals.query_batch import QueryBatch
from copilot.signals.signal import Condition, Kind, Signal
from copilot.signals.signal_names import SignalName
from copilot.signals.style import OPENTELEMETRY

SHORT, LONG = 60, 300


def test_every_name_has_one_entry() -> None:
    assert set(BY_NAME) == set(SignalName)
    assert len(CATALOG) == len(SignalName)


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_an_entry_is_complete(signal: Signal) -> None:
    assert signal.title
    assert signal.unit
    assert signal.meaning.endswith(".")
    counted = signal.query.shape in (Shape.QUANTILE, Shape.RATIO)
    assert (signal.query.count_promql is not None) == counted
    assert (signal.role is None) == (signal.condition is Condition.SDK)
    assert signal.explains or signal.condition is Condition.ALWAYS
    assert (signal.number in range(1, 13)) == (signal.kind is Kind.PRIMARY)


def test_all_twelve_groups_have_a_signal() -> None:
    assert {signal.number for signal in CATALOG} == {None, *range(1, 13)}


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_each_selector_names_the_cluster(signal: Signal) -> None:
    for template in filter(None, [signal.query.promql, signal.query.count_promql]):
        assert_names_cluster(fill(template, "monitored", SHORT, LONG))


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_each_series_is_read_over_a_window(signal: Signal) -> None:
    """One failed scrape takes every series away at once; absent, it would be read as 0."""
    tree = promql_parser.parse(fill(signal.query.promql, "monitored", SHORT, LONG))
    windows = [node for node in nodes_of(tree) if isinstance(node, promql_parser.MatrixSelector)]
    assert len(windows) == len(selectors_of(tree))


def test_all_queries_of_a_cycle_name_the_cluster_and_are_few() -> None:
    queries = queries_of_cycle()
    assert len(queries.deciding.queries) <= 13
    assert len(queries.explaining.queries) == len(Condition)
    for text in (*queries.deciding.queries, *queries.explaining.queries):
        assert_names_cluster(text)


@pytest.mark.parametrize("cluster", ['a"b', "a\\b"])
def test_a_cluster_cannot_leave_its_quotes(cluster: str) -> None:
    text = fill(CATALOG[0].query.promql, cluster, SHORT, LONG)
    assert_names_cluster(text, cluster)


def test_windows_may_be_parts_of_a_second() -> None:
    assert "[1500ms]" in fill(CATALOG[0].query.promql, "monitored", 1.5, LONG)
    assert "[60s]" in fill(CATALOG[0].query.promql, "monitored", SHORT, LONG)


def test_deciding_and_explaining_signals_are_in_separate_requests() -> None:
    """A failure of one batch must not fail the other."""
    queries = queries_of_cycle()
    for signal in CATALOG:
        expression = queries.fill(signal.query.promql)
        decides = signal.supports or not signal.explains
        assert (expression in queries.deciding) == decides
        assert (expression in queries.explaining) or decides


def test_a_batch_sends_each_expression_once() -> None:
    batch = QueryBatch([["sum(a)", "sum(b)", "sum(a)"], ["sum(a)", "sum(c)"]])
    assert len(batch.queries) == 2
    assert "".join(batch.queries).count("sum(a)") == 1


def queries_of_cycle() -> CycleQueries:
    return CycleQueries(
        "monitored", short=SHORT, long=LONG, scrape=2, stale_after=60, style=OPENTELEMETRY
    )


def assert_names_cluster(text: str, cluster: str = "monitored") -> None:
    selectors = selectors_of(promql_parser.parse(text))
    assert selectors
    for selector in selectors:
        matchers = selector.matchers.matchers
        (found,) = [matcher for matcher in matchers if matcher.name == "cluster"]
        assert (found.op, found.value) == (promql_parser.MatchOp.Equal, cluster)


def selectors_of(tree: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    return [node for node in nodes_of(tree) if isinstance(node, promql_parser.VectorSelector)]


def nodes_of(tree: promql_parser.Expr) -> list[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []

    def visit(node: promql_parser.Expr) -> bool:
        found.append(node)
        return True

    promql_parser.walk(tree, visit)
    return found
