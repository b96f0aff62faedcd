"""The scale tier of a cluster, from its trailing updates a second."""

from collections.abc import Sequence

from copilot.health.decision import ScaleTier
from copilot.health.thresholds import Thresholds

ORDER = (ScaleTier.STARTER, ScaleTier.MID_SCALE, ScaleTier.HIGH_THROUGHPUT)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; 0 for nothing. `share` from 0 to 1."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def next_tier(
    previous: ScaleTier | None, update_rates: Sequence[float], limits: Thresholds
) -> ScaleTier:
    """Tier of the 95th percentile of the trailing updates a second.

    The percentile keeps the tier when throughput collapses: a stuck cluster must not get the limits
    of a small one. A known tier moves one step at a time, and only past the margin.
    """
    rate = percentile(update_rates, 0.95)
    boundaries = (limits.mid_scale_from, limits.high_throughput_from)
    if previous is None:
        return ORDER[sum(rate >= boundary for boundary in boundaries)]
    index = ORDER.index(previous)
    if index < len(boundaries) and rate >= boundaries[index] * (1 + limits.tier_margin):
        return ORDER[index + 1]
    if index > 0 and rate < boundaries[index - 1] * (1 - limits.tier_margin):
        return ORDER[index - 1]
    return previous
