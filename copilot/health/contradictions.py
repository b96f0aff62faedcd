"""Limits that cannot hold together, or not at all."""

from collections.abc import Iterator
from math import isfinite
from typing import NamedTuple

from copilot.health.thresholds import Thresholds, TierLimits

TIERS = tuple(
    name for name, field in Thresholds.model_fields.items() if field.annotation is TierLimits
)
COUNTS = tuple(name for name, field in Thresholds.model_fields.items() if field.annotation is int)
"""Limits in cycles."""
SHARES = (
    "tier_margin",
    "drop_ratio",
    "drop_demand_ratio",
    "gone_ratio",
    "completion_ratio",
    "completion_usual_share",
    "completions_gone_ratio",
    "task_failure_ratio",
    "visibility_error_ratio_stressed",
    "namespace_refused_ratio",
    "frontend_error_ratio",
    "full_slots_ratio",
    "unreachable_share",
    "store_write_error_ratio",
    "store_conflict_ratio",
    "persistence_error_ratio_critical",
    "persistence_error_ratio_stressed",
)
"""Limits from 0 to 1."""


class Contradiction(NamedTuple):
    """`names` are those of the limits, as in `starter.demand_floor`."""

    names: tuple[str, ...]
    problem: str


def contradictions(limits: Thresholds) -> Iterator[Contradiction]:
    """Every limit that is wrong by itself, or beside another."""
    values = _values(limits)
    for name, value in values.items():
        if not isfinite(value) or value < 0:
            yield Contradiction((name,), f"{name} is {value:g}: a limit is a number from 0 up")
        elif name in COUNTS and value < 1:
            yield Contradiction((name,), f"{name} is {value}: it counts cycles, at least 1")
        elif name in SHARES and value > 1:
            yield Contradiction((name,), f"{name} is {value:g}: a share is at most 1")
    for lower, upper in ORDERED:
        if values[lower] > values[upper]:
            problem = f"{lower} ({values[lower]:g}) is above {upper} ({values[upper]:g})"
            yield Contradiction((lower, upper), problem)


def _values(limits: Thresholds) -> dict[str, float]:
    """Each limit by its name."""
    values: dict[str, float] = {}
    for name, value in limits:
        if isinstance(value, TierLimits):
            values |= {f"{name}.{field}": limit for field, limit in value}
        elif isinstance(value, int | float):
            values[name] = value
    return values


def _ordered() -> Iterator[tuple[str, str]]:
    """Pairs of which the first must not be above the second.

    Critical lies beyond stressed, in the direction of the defaults.
    """
    yield "mid_scale_from", "high_throughput_from"
    yield "drop_min_cycles", "trailing_cycles"
    defaults = _values(Thresholds())
    for stressed in defaults:
        critical = stressed.removesuffix("_stressed") + "_critical"
        if critical in defaults:
            is_lower = defaults[stressed] <= defaults[critical]
            yield (stressed, critical) if is_lower else (critical, stressed)


ORDERED = tuple(_ordered())
