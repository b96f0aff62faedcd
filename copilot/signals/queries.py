"""The queries of signals: templates of PromQL over `$cluster`, `$short` and `$long`.

`where` are label matchers beside the cluster's.
"""

from dataclasses import dataclass
from enum import StrEnum
from string import Template


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


def rate(counter: str, where: str = "") -> Query:
    """Events a second, summed over instances."""
    return Query(Shape.RATE, per_second(counter, where))


def rate_of_any(*counters: str, where: str = "", outcomes: tuple[str, ...] = ()) -> Query:
    """Events a second of several counters together: see `per_second_of_any`."""
    return Query(Shape.RATE, per_second_of_any(*counters, where=where, outcomes=outcomes))


def ratio(part: str, whole: str, *, complement: bool = False) -> Query:
    """`part` of `whole`, or with `complement` the rest; both are sums of rates.

    0 while there is no part, NaN while the whole is 0.
    """
    share = f"({part} or 0 * {whole}) / {whole}"
    return Query(Shape.RATIO, f"1 - {share}" if complement else share, whole)


def quantile(share: float, histogram: str, where: str = "", *, divided_by: int = 1) -> Query:
    """A quantile (0 to 1). The server's buckets end at 1000 s: a larger value reads as that."""
    matchers = _matchers(where)
    buckets = f"rate({histogram}_bucket{{{matchers}}}[$long])"
    scale = f" / {divided_by}" if divided_by != 1 else ""
    return Query(
        Shape.QUANTILE,
        f"histogram_quantile({share}, sum by (le) ({buckets})){scale}",
        f"sum(rate({histogram}_count{{{matchers}}}[$long]))",
    )


def gauge(promql: str) -> Query:
    """An aggregation of gauges, each read with `newest`."""
    return Query(Shape.GAUGE, promql)


def newest(gauge_name: str, where: str = "") -> str:
    """The newest value of each series in the short window.

    A failed scrape takes a gauge away at once, while its role counts as up until a second one
    fails: without the window it would read as absent, and absent as 0.
    """
    return f"last_over_time({gauge_name}{{{_matchers(where)}}}[$short])"


def per_second(counter: str, where: str = "") -> str:
    """Events a second, summed over instances."""
    return f"sum(rate({counter}{{{_matchers(where)}}}[$short]))"


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
        f'label_replace(rate({counter}{{{matchers}}}[$short]), "outcome", "{outcome}", "", "")'
        for counter, outcome in zip(counters, outcomes or counters, strict=True)
    )


def fill(template: str, cluster: str, short: float, long: float) -> str:
    """Replace the cluster's matcher and the windows (seconds) in a template."""
    escaped = cluster.replace("\\", "\\\\").replace('"', '\\"')
    return Template(template).substitute(
        cluster=f'cluster="{escaped}"', short=duration(short), long=duration(long)
    )


def duration(seconds: float) -> str:
    """PromQL's form of a duration, which must be a whole number."""
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{seconds:.0f}s"


def _matchers(where: str) -> str:
    return f"$cluster,{where}" if where else "$cluster"
