"""The names of metrics in the catalogue, and how a style writes them."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from copilot.signals.catalog import CATALOG
from copilot.signals.signal import Condition, Signal
from copilot.signals.style import OPENTELEMETRY, Style, Unit

# `up` is the scraper's own.
METRIC = re.compile(r"\b(?:(\w+):)?(?!up\{)(\w+)\{")
ENDINGS = ("_total", "_milliseconds", "_seconds", "_ratio")
# Definitions with such an ending of their own.
OWN_ENDINGS = {"approximate_backlog_age_seconds"}
PLAIN = Style(counter="", timer="", dimensionless="", unit=Unit.SECONDS, rewrites_values=True)


def metrics_of(signal: Signal) -> Iterator[tuple[str, str]]:
    """Kind and name of each metric that the signal's queries read."""
    for template in filter(None, (signal.query.promql, signal.query.count_promql)):
        yield from METRIC.findall(template)


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_the_catalogue_names_a_metric_by_its_definition(signal: Signal) -> None:
    """A style adds what an exporter adds; the fork for Aurora DSQL ends names by itself."""
    for kind, name in metrics_of(signal):
        assert kind
        own = kind == "sdk" or name in OWN_ENDINGS or signal.condition is Condition.DSQL
        assert own or not re.sub("_(bucket|count)$", "", name).endswith(ENDINGS), name


@pytest.mark.parametrize(
    ("template", "opentelemetry", "plain"),
    [
        (
            "counter:persistence_requests{}",
            "persistence_requests_total{}",
            "persistence_requests{}",
        ),
        # The fork for Aurora DSQL defines it with the ending.
        ("counter:dsql_pool_wait_total{}", "dsql_pool_wait_total{}", "dsql_pool_wait_total{}"),
        ("timer:x_latency_bucket{}", "x_latency_milliseconds_bucket{}", "x_latency_bucket{}"),
        ("dimensionless:x_count_count{}", "x_count_ratio_count{}", "x_count_count{}"),
        ("bytes:x_size_bucket{}", "x_size_bytes_bucket{}", "x_size_bucket{}"),
        ("gauge:x_count{}", "x_count{}", "x_count{}"),
        ("sdk:temporal_x_total{}", "temporal_x_total{}", "temporal_x_total{}"),
        ("f(x) in:ms", "f(x)", "f(x) * 1000"),
        ("f(x) in:s", "f(x) / 1000", "f(x)"),
    ],
)
def test_a_style_writes_names_and_units(template: str, opentelemetry: str, plain: str) -> None:
    assert OPENTELEMETRY.write(template) == opentelemetry
    assert PLAIN.write(template) == plain


@pytest.mark.parametrize(
    ("template", "native"),
    [
        (
            "sum by (le) (rate(timer:x_bucket{a}[$long]))",
            "sum by () (rate(x_milliseconds{a}[$long]))",
        ),
        (
            "sum by (le, namespace) (rate(bytes:x_bucket{a}[5m]))",
            "sum by (namespace) (rate(x_bytes{a}[5m]))",
        ),
        (
            "sum(rate(dimensionless:x_count_count{a}[$short]))",
            "sum(histogram_count(rate(x_count_ratio{a}[$short])))",
        ),
    ],
)
def test_a_native_histogram_is_one_series(template: str, native: str) -> None:
    assert replace(OPENTELEMETRY, native=True).write(template) == native


@pytest.mark.parametrize(
    ("matchers", "written"),
    [
        ('namespace!="temporal-system"', 'namespace!~"temporal.system"'),
        ('operation="UpdateWorkflowExecution"', 'operation="UpdateWorkflowExecution"'),
        ('error_type="serviceerror.Unavailable"', 'error_type=~"serviceerror.Unavailable"'),
        (r'error_type!~"persistence\\..*Error|a-b"', 'error_type!~"persistence..*Error|a.b"'),
    ],
)
def test_rewritten_values_match_as_they_are_and_with_underscores(
    matchers: str, written: str
) -> None:
    assert PLAIN.write(f"counter:x{{$cluster,{matchers}}}") == f"x{{$cluster,{written}}}"
    assert OPENTELEMETRY.write(f"counter:x{{{matchers}}}") == f"x_total{{{matchers}}}"
    # No setting of the server changes what the SDKs export.
    assert PLAIN.write(f"sdk:x{{{matchers}}}") == f"x{{{matchers}}}"


@pytest.mark.parametrize("style", [OPENTELEMETRY, replace(OPENTELEMETRY, native=True), PLAIN])
@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_every_series_of_the_server_gets_its_own_namespace(signal: Signal, style: Style) -> None:
    """An operation on one with it and one without would match nothing."""
    written = replace(style, exported_namespace=True).write(signal.query.promql)
    series = 0 if signal.condition is Condition.SDK else written.count("$cluster")
    of_up = written.count("up{$cluster}")
    assert written.count('"exported_namespace", "(.*)"') == series - of_up


@pytest.mark.parametrize("signal", CATALOG, ids=lambda signal: signal.name)
def test_a_quantile_of_a_timer_has_the_unit_of_its_signal(signal: Signal) -> None:
    units = re.findall(r" in:(\w+)", signal.query.promql)
    assert units in ([], [signal.unit])
    assert bool(units) == ("timer:" in signal.query.promql)
