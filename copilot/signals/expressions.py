"""PromQL from which signals are made: templates of `$cluster`, `$short` and `$long`.

`where` are label matchers beside the cluster's.
"""

from collections.abc import Mapping


def per_second(counter: str, where: str = "") -> str:
    """Events a second, summed over instances, over the short window."""
    return f"sum(rate({counter}{{{_matchers(where)}}}[$short]))"


def by_outcome(counters: Mapping[str, str], where: str = "") -> str:
    """The short-window rates of `counters`, each with a label `outcome`.

    A sum of sums would be empty when one of them is; `or` of unlabelled rates would drop a
    counter whose labels equal another's. So each is told apart by a label first.
    """
    matchers = _matchers(where)
    return " or ".join(
        f'label_replace(rate({counter}{{{matchers}}}[$short]), "outcome", "{outcome}", "", "")'
        for outcome, counter in counters.items()
    )


def per_second_of_any(*counters: str, where: str = "") -> str:
    """Events a second of several counters together, whichever of them exist."""
    return f"sum({by_outcome({name: name for name in counters}, where)})"


def share(part: str, whole: str) -> str:
    """`part` of `whole`, both sums: 0 while there is no part, NaN while the whole is 0."""
    return f"({part} or 0 * {whole}) / {whole}"


def newest(gauge: str, where: str = "") -> str:
    """The newest value of each series in the short window.

    A failed scrape takes a gauge away at once, while its role counts as up until a second one
    fails: without the window it would read as absent, and absent as 0.
    """
    return f"last_over_time({gauge}{{{_matchers(where)}}}[$short])"


def quantile_of(quantile: float, histogram: str, where: str = "") -> str:
    """A quantile (0 to 1) over the long window."""
    buckets = f"{histogram}_bucket{{{_matchers(where)}}}[$long]"
    return f"histogram_quantile({quantile}, sum by (le) (rate({buckets})))"


def observations(histogram: str, where: str = "") -> str:
    """Observations a second over the long window."""
    return f"sum(rate({histogram}_count{{{_matchers(where)}}}[$long]))"


def _matchers(where: str) -> str:
    return f"$cluster,{where}" if where else "$cluster"
