"""Trends in words, so that a model needs no figures of earlier cycles."""

from collections.abc import Sequence
from enum import StrEnum

# Fewer values are noise; less than a tenth of change counts as steady.
LEAST_VALUES = 4
STEADY = 0.1


class Trend(StrEnum):
    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"
    UNCLEAR = "unclear"


def trend(values: Sequence[float]) -> Trend:
    """Compare the mean of the newer half with that of the older; `values` are oldest first."""
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
