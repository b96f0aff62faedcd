"""When a decision is assessed, and with which model."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from copilot.explain.assessment import (
    REMEMBERED,
    Assessed,
    Depth,
    Trigger,
    due,
    fingerprint,
    postpone,
    remember,
)
from copilot.health.decision import Decision, LogPattern, State
from copilot.signals.log_patterns import LogSeverity
from copilot.store.records import CycleRecord
from tests.builders import START, cycle_times, records_of, snapshot, starved_queue


def decisions(troubled: Sequence[bool], cycle_seconds: float = 30) -> list[CycleRecord]:
    """A cycle for each entry: a starved queue where it is True."""
    times = cycle_times(START, len(troubled), cycle_seconds)
    return records_of(
        snapshot(at, queues=[starved_queue("orders")] if trouble else [])
        for at, trouble in zip(times, troubled, strict=True)
    )


def assess(cycles: Sequence[CycleRecord], *, has_model: bool = True) -> list[tuple[Trigger, Depth]]:
    """The assessments of consecutive cycles, as in the Observe workflow."""
    assessed: tuple[Assessed, ...] = ()
    assessments = []
    for record in cycles:
        decision = record.decision
        if assessment := due(decision, assessed, has_model=has_model):
            assessed = remember(assessed, assessment.fingerprint, decision.at)
            assessments.append((assessment.trigger, assessment.depth))
    return assessments


def test_a_healthy_day_is_assessed_once_without_a_model() -> None:
    day = decisions([False] * 300, cycle_seconds=300)
    assert assess(day) == [(Trigger.STATE_CHANGE, Depth.NONE)]


def test_trouble_is_assessed_when_it_begins_every_half_hour_and_when_it_ends() -> None:
    cycles = decisions([False] * 3 + [True] * 125 + [False] * 4)
    made = assess(cycles)
    assert made[0] == (Trigger.STATE_CHANGE, Depth.NONE)
    assert made[1] == (Trigger.STATE_CHANGE, Depth.QUICK)
    assert made[2:-2] == [(Trigger.STILL_UNWELL, Depth.QUICK)] * 2
    assert made[-2] == (Trigger.EVIDENCE_CHANGE, Depth.NONE)
    # Recovery has no reading.
    assert made[-1] == (Trigger.STATE_CHANGE, Depth.NONE)


def test_a_flapping_cluster_needs_one_reading_of_the_same_evidence() -> None:
    cycles = decisions(([True] * 6 + [False] * 6) * 60)
    read = [depth for _, depth in assess(cycles) if depth is not Depth.NONE]
    # In six hours, at the end of each half hour or at the next trouble.
    assert 8 <= len(read) <= 12


def test_without_a_model_the_same_cycles_are_assessed() -> None:
    cycles = decisions([False] * 3 + [True] * 125 + [False] * 4)
    assert {depth for _, depth in assess(cycles, has_model=False)} == {Depth.NONE}
    assert [trigger for trigger, _ in assess(cycles, has_model=False)] == [
        trigger for trigger, _ in assess(cycles)
    ]


def with_pattern(decision: Decision, severity: LogSeverity, count: int = 3) -> Decision:
    pattern = LogPattern(
        name="connection_refused",
        service="temporal-history",
        severity=severity,
        count=count,
        meaning="it cannot be reached",
    )
    return decision.model_copy(update={"log_patterns": (pattern,)})


def test_a_critical_pattern_in_a_healthy_cluster_is_assessed_without_a_model() -> None:
    record = decisions([False] * 3)[-1]
    alarmed = with_pattern(record.decision, LogSeverity.CRITICAL)
    assert alarmed.state is State.HAPPY
    found = due(alarmed, (), has_model=True)
    assert found
    assert (found.trigger, found.depth) == (Trigger.LOG_PATTERN, Depth.NONE)
    warned = with_pattern(record.decision, LogSeverity.WARNING)
    assert due(warned, (), has_model=True) is None


def test_counts_and_times_are_not_part_of_the_evidence() -> None:
    one, *_, other = decisions([True] * 6)
    assert one.decision.at != other.decision.at
    few, many = (with_pattern(other.decision, LogSeverity.WARNING, n) for n in (1, 900))
    assert fingerprint(few) == fingerprint(many)
    assert fingerprint(few) != fingerprint(other.decision)


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 90)), max_size=200))
def test_each_evidence_is_remembered_once_and_not_too_many(
    entries: list[tuple[int, int]],
) -> None:
    assessed: tuple[Assessed, ...] = ()
    for evidence, minutes in entries:
        assessed = postpone(assessed, str(evidence), START + timedelta(minutes=minutes))
        assert assessed[-1].fingerprint == str(evidence)
    assert len(assessed) <= REMEMBERED
    assert len({one.fingerprint for one in assessed}) == len(assessed)
