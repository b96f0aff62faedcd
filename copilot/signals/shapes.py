"""The shapes that primary signals have, each with the PromQL that reads it."""

from collections.abc import Iterator, Mapping

from copilot.signals.expressions import by_outcome, newest, observations, per_second, quantile_of
from copilot.signals.names import SignalName
from copilot.signals.signal import Kind, Role, Shape, Signal


def rate(
    name: SignalName,
    number: int | None,
    *,
    title: str,
    unit: str,
    role: Role,
    meaning: str,
    counter: str,
    where: str = "",
    kind: Kind = Kind.PRIMARY,
    absent_when_healthy: str = "",
) -> Signal:
    """Events a second of a counter, summed over instances, over the short window."""
    return Signal(
        name=name,
        number=number,
        title=title,
        unit=unit,
        kind=kind,
        shape=Shape.RATE,
        role=role,
        meaning=meaning,
        promql=per_second(counter, where),
        absent_when_healthy=absent_when_healthy,
    )


def rate_of_any(
    name: SignalName,
    number: int | None,
    *,
    title: str,
    unit: str,
    role: Role,
    meaning: str,
    counters: Mapping[str, str],
    where: str,
    absent_when_healthy: str = "",
) -> Signal:
    """Events a second of several counters (outcome -> counter) taken together.

    A sum of sums would be empty when one of them is; `or` of unlabelled rates would drop a
    counter whose labels equal another's. So each is told apart by a label first.
    """
    return Signal(
        name=name,
        number=number,
        title=title,
        unit=unit,
        kind=Kind.PRIMARY,
        shape=Shape.RATE,
        role=role,
        meaning=meaning,
        promql=f"sum({by_outcome(counters, where)})",
        absent_when_healthy=absent_when_healthy,
    )


def quantiles(
    names: Mapping[float, SignalName],
    number: int,
    *,
    title: str,
    unit: str,
    role: Role,
    meaning: str,
    histogram: str,
    where: str = "",
    divided_by: int = 1,
    absent_when_healthy: str = "",
) -> Iterator[Signal]:
    """Quantiles of one histogram over the long window, with the rate of its observations.

    The server's buckets end at 1000 s: a larger value reads as that.
    """
    scale = f" / {divided_by}" if divided_by != 1 else ""
    for quantile, name in names.items():
        yield Signal(
            name=name,
            number=number,
            title=f"{title}, p{quantile * 100:.0f}",
            unit=unit,
            kind=Kind.PRIMARY,
            shape=Shape.QUANTILE,
            role=role,
            meaning=meaning,
            promql=quantile_of(quantile, histogram, where) + scale,
            count_promql=observations(histogram, where),
            absent_when_healthy=absent_when_healthy,
        )


def gauge(
    name: SignalName,
    number: int,
    *,
    title: str,
    unit: str,
    role: Role,
    meaning: str,
    aggregation: str,
    metric: str,
    where: str,
    absent_when_healthy: str = "",
) -> Signal:
    """The newest value of a gauge in the short window, aggregated (`max`, `sum`)."""
    return Signal(
        name=name,
        number=number,
        title=title,
        unit=unit,
        kind=Kind.PRIMARY,
        shape=Shape.GAUGE,
        role=role,
        meaning=meaning,
        promql=f"{aggregation}({newest(metric, where)})",
        absent_when_healthy=absent_when_healthy,
    )
