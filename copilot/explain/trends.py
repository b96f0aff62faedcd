"""Which way a figure went: words for a model, which must not make up figures."""

from collections.abc import Sequence
from enum import StrEnum

# Fewer values than these are noise; a change of less than a tenth is none.
LEAST_VALUES = 4
STEADY = 0.1


class Trend(StrEnum):
    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"
    UNCLEAR = "unclear"


def trend(values: Sequence[float]) -> Trend:
    """The mean of the newer half against that of the older one; oldest value first."""
    if len(values) < LEAST_VALUES:
        return Trend.UNCLEAR
    half = len(values) // 2
    before, after = _mean(values[:half]), _mean(values[-half:])
    change = (after - before) / max(abs(before), abs(after), 1e-9)
    if abs(change) < STEADY:
        return Trend.STEADY
    return Trend.RISING if change > 0 else Trend.FALLING


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
