"""The queries of signals: templates of PromQL.

`$cluster` are the label matchers of a cluster, `$role` and `$instance` the labels that tell a
target's role and name an instance, `$target` those that tell targets apart; `$roles` is a regular
expression, in quotes, of all values of `$role`; `$short` and `$long` are windows.

`where` are label matchers beside the cluster's. A metric is named as the server defines it, such as
`persistence_requests`: a `Style` writes the name under which a cluster exports it.
"""

from dataclasses import dataclass
from enum import StrEnum
from string import Template

from copilot.clusters.labels import DEFAULT, LabelMapping
from copilot.signals.style import OPENTELEMETRY, Style, Unit


class Shape(StrEnum):
    RATE = "rate"  # of a counter, over the short window
    RATIO = "ratio"  # of two rates, over the short window
    QUANTILE = "quantile"  # of a histogram, over the long window
    GAUGE = "gauge"  # its newest value in the short window


@dataclass(frozen=True)
class Query:
    """A template of PromQL that returns one number, or nothing.

    `count_promql` is the rate of the events behind a ratio or a quantile, None for other shapes: it
    tells "nothing happened" from "cannot be read".
    """

    shape: Shape
    promql: str
    count_promql: str | None = None


def dimensionless(histogram: str) -> str:
    """Names a histogram of numbers; others are of times."""
    return f"dimensionless:{histogram}"


def sdk(metric: str) -> str:
    """Names a metric of the SDKs, as they export it."""
    return f"sdk:{metric}"


def rate(counter: str, where: str = "") -> Query:
    """Events a second, summed over instances."""
    return Query(Shape.RATE, per_second(counter, where))


def counted(counter: str, where: str = "") -> Query:
    """How many events happened in the long window: for those of which each one matters."""
    return Query(Shape.RATE, f"sum({in_long_window(counter, where)})")


def rate_of_any(*counters: str, where: str = "", outcomes: tuple[str, ...] = ()) -> Query:
    """Events a second of several counters together: see `per_second_of_any`."""
    return Query(Shape.RATE, per_second_of_any(*counters, where=where, outcomes=outcomes))


def ratio(part: str, whole: str, *, complement: bool = False) -> Query:
    """`part` of `whole`, or with `complement` the rest; both are sums of rates.

    0 while there is no part, NaN while the whole is 0.
    """
    share = f"({part} or 0 * {whole}) / {whole}"
    return Query(Shape.RATIO, f"1 - {share}" if complement else share, whole)


def quantile(
    share: float, histogram: str, where: str = "", *, unit: Unit = Unit.MILLISECONDS
) -> Query:
    """A quantile (0 to 1) of a timer in `unit`, or of a `dimensionless` histogram.

    The server's buckets end at 1000 s: a larger value reads as that.
    """
    metric, matchers = _metric("timer", histogram), _matchers(where)
    buckets = f"rate({metric}_bucket{{{matchers}}}[$long])"
    scale = f" in:{unit}" if metric.startswith("timer:") else ""
    return Query(
        Shape.QUANTILE,
        f"histogram_quantile({share}, sum by (le) ({buckets})){scale}",
        f"sum(rate({metric}_count{{{matchers}}}[$long]))",
    )


def rate_of_observations(histogram: str, where: str = "") -> Query:
    """Observations a second of a histogram, summed over instances."""
    metric = _metric("timer", histogram)
    return Query(Shape.RATE, f"sum(rate({metric}_count{{{_matchers(where)}}}[$short]))")


def gauge(promql: str) -> Query:
    """An aggregation of gauges, each read with `newest`."""
    return Query(Shape.GAUGE, promql)


def newest(gauge_name: str, where: str = "") -> str:
    """The newest value of each series in the short window.

    A failed scrape takes a gauge away at once, while its role counts as up until a second one
    fails: without the window it would read as absent, and absent as 0.
    """
    return f"last_over_time({_metric('gauge', gauge_name)}{{{_matchers(where)}}}[$short])"


def per_second(counter: str, where: str = "") -> str:
    """Events a second, summed over instances."""
    return f"sum(rate({_metric('counter', counter)}{{{_matchers(where)}}}[$short]))"


def in_long_window(counter: str, where: str = "") -> str:
    """The events of each series in the long window, also the first ones of a new series.

    A counter appears with its first event, in which no rate sees an increase. A series that did not
    exist before the window counts whole, if its process was scraped before.
    """
    series = f"{_metric('counter', counter)}{{{_matchers(where)}}}"
    return (
        f"last_over_time({series}[$short])"
        f" unless last_over_time({series}[$long] offset $long)"
        " and on ($target) last_over_time(up{$cluster}[$long] offset $long)"
        f" or increase({series}[$long])"
    )


def per_second_of_any(*counters: str, where: str = "", outcomes: tuple[str, ...] = ()) -> str:
    """Events a second of those `counters` that exist, summed."""
    return f"sum({by_outcome(*counters, where=where, outcomes=outcomes)})"


def by_outcome(*counters: str, where: str = "", outcomes: tuple[str, ...] = ()) -> str:
    """The rates of `counters`, each with a label `outcome`: from `outcomes`, or its own name.

    A sum of sums would be empty when one of them is; `or` of unlabelled rates would drop a
    counter whose labels equal another's.
    """
    matchers = _matchers(where)
    return " or ".join(
        f"label_replace(rate({_metric('counter', counter)}{{{matchers}}}[$short]), "
        f'"outcome", "{outcome.rpartition(":")[2]}", "", "")'
        for counter, outcome in zip(counters, outcomes or counters, strict=True)
    )


def fill(
    template: str,
    cluster: str,
    short: float,
    long: float,
    style: Style = OPENTELEMETRY,
    *,
    labels: LabelMapping = DEFAULT,
) -> str:
    """Replace the names, the cluster's matchers and labels, and the windows (seconds)."""
    return write(template, cluster, style, labels, short=duration(short), long=duration(long))


def write(
    template: str,
    cluster: str,
    style: Style = OPENTELEMETRY,
    labels: LabelMapping = DEFAULT,
    **texts: str,
) -> str:
    """Replace the names, the cluster's matchers and labels, and `texts`, such as the windows."""
    return Template(style.write(template)).substitute(
        texts,
        cluster=labels.metrics_of(cluster),
        role=labels.role,
        roles=labels.values(),
        instance=labels.instance,
        target=labels.target,
    )


def duration(seconds: float) -> str:
    """PromQL's form of a duration, which must be a whole number."""
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{seconds:.0f}s"


def _metric(kind: str, name: str) -> str:
    return name if ":" in name else f"{kind}:{name}"


def _matchers(where: str) -> str:
    return f"$cluster,{where}" if where else "$cluster"
