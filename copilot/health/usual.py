"""What is usual: in the last hour, and in the same half hour of earlier days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from copilot.health.decision import Memory
from copilot.health.demand import accepted_starts, value_of
from copilot.health.thresholds import Thresholds
from copilot.health.tiers import percentile
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import EarlierCycle, Snapshot


@dataclass(frozen=True)
class Usual:
    """Updates, accepted starts and signals a second."""

    updates: float
    starts: float
    signals: float

    @classmethod
    def lately(cls, memory: Memory, thresholds: Thresholds) -> Self | None:
        """The medians of the trailing cycles; None while they are too few."""
        if len(memory.update_rates) < thresholds.drop_min_cycles:
            return None
        return cls(
            updates=percentile(memory.update_rates, 0.5),
            starts=percentile(memory.demand_rates, 0.5),
            signals=percentile(memory.signal_rates, 0.5),
        )

    @classmethod
    def at_this_hour(cls, snapshot: Snapshot, thresholds: Thresholds) -> Self | None:
        """The quietest cycle of earlier days; None while they are too few.

        What was reached in each of them is there always.
        """
        if not _are_enough(snapshot.earlier, thresholds):
            return None
        quietest = min(snapshot.earlier, key=lambda one: one.updates)
        return cls(updates=quietest.updates, starts=quietest.starts, signals=quietest.signals)


def was_quiet_at_this_hour(snapshot: Snapshot, thresholds: Thresholds, updates: float) -> bool:
    """Whether on most earlier days there was no more progress than `updates` a second."""
    rates = [one.updates for one in snapshot.earlier]
    quiet = percentile(rates, 0.5) <= max(updates, thresholds.idle_updates)
    return _are_enough(snapshot.earlier, thresholds) and quiet


def earlier_cycle(snapshot: Snapshot) -> EarlierCycle | None:
    """The snapshot of an earlier day in short; None where it has no such readings."""
    updates, starts = value_of(snapshot, S.STATE_TRANSITIONS_RATE), accepted_starts(snapshot)
    if updates is None or starts.value is None:
        return None
    return EarlierCycle(
        at=snapshot.at,
        updates=max(0.0, updates),
        starts=starts.value,
        signals=max(0.0, value_of(snapshot, S.SIGNAL_REQUEST_RATE) or 0.0),
    )


def _are_enough(cycles: Sequence[EarlierCycle], thresholds: Thresholds) -> bool:
    return len({one.at.date() for one in cycles}) >= thresholds.earlier_days
