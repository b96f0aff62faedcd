"""Which style a cluster's names are in, found from the names that it exports."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from copilot.signals.instant_query import Sample
from copilot.signals.style import Style, Unit

NAMES = (
    "count by (__name__, le, exported) (label_replace("
    '{$cluster,__name__=~"(.+_)?(persistence_requests(_total)?'
    "|persistence_latency(_(milli)?seconds)?(_bucket|_count)?"
    "|state_transition_count(_ratio)?(_count)?|tally_internal_counter_cardinality)"
    '",__name__!~"(.+_)?(no|visibility)_persistence_.+",'
    r'le=~"(0\\.0.*|[1-9][0-9]{4,}.*|[1-9].*e.*)?"}'
    ', "exported", "yes", "exported_namespace", ".+"))'
)
"""The names of a counter and a timer that every running service has, and of a histogram of numbers.

Of the buckets only those below 0.1 and from 10,000: they tell a timer's unit. Native histograms
have none, but the library behind the server's default names, which has a metric of its own, records
seconds. `exported` tells a namespace that had to make way for a pod's.
"""

_NAME = re.compile(
    r"(?P<prefix>(?:.+_)?)"
    r"(?:persistence_requests(?P<counter>(?:_total)?)"
    r"|persistence_latency(?P<timer>(?:_milliseconds|_seconds)?)(?P<of_timer>_bucket|_count|)"
    r"|state_transition_count(?P<number>(?:_ratio)?)(?P<of_number>_count|))"
)
_UNITS = {"_milliseconds": Unit.MILLISECONDS, "_seconds": Unit.SECONDS}
EXPORTED_NAMESPACE = "exported_namespace"
_TALLY = "tally_internal_counter_cardinality"
_SHORT_SECONDS, _LONG_MILLISECONDS = 0.1, 10_000


@dataclass(frozen=True)
class Naming:
    """The `names` that were found, and their `style`; without one, `problem` says why.

    Without names nothing is known: the cluster is not scraped, or just started.
    """

    names: tuple[str, ...] = ()
    style: Style | None = None
    problem: str = ""


def find_naming(samples: Iterable[Sample], namespace: str = "") -> Naming:
    """The naming in the answer to `NAMES`.

    `namespace` is the label with Temporal's namespace; empty: found from what is there.
    """
    bounds: defaultdict[str, set[float]] = defaultdict(set)
    exported = False
    for sample in samples:
        exported = exported or "exported" in sample.labels
        bounds[sample.labels.get("__name__", "")].add(_number(sample.labels.get("le", "")))
    seconds = any(name.endswith(_TALLY) for name in bounds)
    matches = [match for name in sorted(bounds) if (match := _NAME.fullmatch(name))]
    names = tuple(match[0] for match in matches)
    if not names:
        return Naming()
    prefixes = {match["prefix"] for match in matches}
    counters = {match["counter"] for match in matches if match["counter"] is not None}
    timers = {match["timer"] for match in matches if match["timer"] is not None}
    numbers = {match["number"] for match in matches if match["number"] is not None}
    if len(prefixes) > 1 or len(counters) > 1 or len(timers) > 1 or len(numbers) > 1:
        return Naming(names, problem="they are in several styles")
    if not counters or not timers:
        return Naming(names, problem="persistence_requests or persistence_latency is not there")
    (prefix,), (counter,), (timer,) = prefixes, counters, timers
    parts = {match["of_timer"] for match in matches}
    native = "" in parts and "_count" not in parts
    unit = _UNITS.get(timer) or _unit_of(bounds[f"{prefix}persistence_latency_bucket"])
    if unit is None and native and seconds and not counter:
        unit = Unit.SECONDS
    if unit is None:
        return Naming(names, problem="no bucket tells whether a time is in seconds")
    return Naming(
        names,
        Style(
            prefix=prefix,
            counter=counter,
            timer=timer,
            # It appears with the first workflow; a unit's ending tells most exporters apart.
            dimensionless=next(iter(numbers), "_ratio" if timer else ""),
            unit=unit,
            native=native,
            rewrites_values=not counter and not timer,
            exported_namespace=namespace == EXPORTED_NAMESPACE if namespace else exported,
        ),
    )


def _unit_of(bounds: set[float]) -> Unit | None:
    """The unit of a timer whose name has none, by the bounds of its buckets."""
    short = any(0 < bound < _SHORT_SECONDS for bound in bounds)
    long = any(_LONG_MILLISECONDS <= bound < math.inf for bound in bounds)
    if short == long:
        return None
    return Unit.SECONDS if short else Unit.MILLISECONDS


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
