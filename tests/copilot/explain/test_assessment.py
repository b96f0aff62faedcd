"""When a decision is told anew, and how deep: by rule."""

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
from copilot.record import CycleRecord
from copilot.signals.log_patterns import LogSeverity
from tests.copilot.factories import every_cycle, judged, snapshot, starved
from tests.copilot.store.records import START


def decisions(troubled: Sequence[bool], cycle_seconds: float = 30) -> list[CycleRecord]:
    """A cycle for each entry: a starved queue where it is True."""
    times = every_cycle(START, len(troubled), cycle_seconds)
    return judged(
        snapshot(at, queues=[starved("orders")] if trouble else [])
        for at, trouble in zip(times, troubled, strict=True)
    )


def told(cycles: Sequence[CycleRecord], *, has_model: bool = True) -> list[tuple[Trigger, Depth]]:
    """What is assessed in a row of cycles, as the loop does it."""
    assessed: tuple[Assessed, ...] = ()
    found = []
    for record in cycles:
        decision = record.decision
        if assessment := due(decision, assessed, has_model=has_model):
            assessed = remember(assessed, assessment.fingerprint, decision.at)
            found.append((assessment.trigger, assessment.depth))
    return found


def test_a_healthy_day_is_told_once_and_asks_no_model() -> None:
    day = decisions([False] * 300, cycle_seconds=300)
    assert told(day) == [(Trigger.STATE_CHANGE, Depth.NONE)]


def test_trouble_is_told_when_it_begins_every_half_hour_and_when_it_ends() -> None:
    cycles = decisions([False] * 3 + [True] * 125 + [False] * 4)
    said = told(cycles)
    assert said[0] == (Trigger.STATE_CHANGE, Depth.NONE)
    assert said[1] == (Trigger.STATE_CHANGE, Depth.QUICK)
    assert said[2:-2] == [(Trigger.STILL_UNWELL, Depth.QUICK)] * 2
    assert said[-2] == (Trigger.EVIDENCE_CHANGE, Depth.NONE)
    # Recovery is told by the template.
    assert said[-1] == (Trigger.STATE_CHANGE, Depth.NONE)


def test_a_flapping_cluster_asks_once_for_the_same_evidence() -> None:
    cycles = decisions(([True] * 6 + [False] * 6) * 60)
    asked = [depth for _, depth in told(cycles) if depth is not Depth.NONE]
    # Six hours, at every half hour's end or the next time that it is unwell.
    assert 8 <= len(asked) <= 12


def test_without_a_model_everything_is_told_and_nobody_asked() -> None:
    cycles = decisions([False] * 3 + [True] * 125 + [False] * 4)
    assert {depth for _, depth in told(cycles, has_model=False)} == {Depth.NONE}
    assert [trigger for trigger, _ in told(cycles, has_model=False)] == [
        trigger for trigger, _ in told(cycles)
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


def test_a_critical_pattern_is_told_though_all_is_well_and_asks_no_model() -> None:
    record = decisions([False] * 3)[-1]
    alarmed = with_pattern(record.decision, LogSeverity.CRITICAL)
    assert alarmed.state is State.HAPPY
    found = due(alarmed, (), has_model=True)
    assert found
    assert (found.trigger, found.depth) == (Trigger.LOG_PATTERN, Depth.NONE)
    warned = with_pattern(record.decision, LogSeverity.WARNING)
    assert due(warned, (), has_model=True) is None


def test_counts_and_times_make_no_new_evidence() -> None:
    one, *_, other = decisions([True] * 6)
    assert one.decision.at != other.decision.at
    few, many = (with_pattern(other.decision, LogSeverity.WARNING, n) for n in (1, 900))
    assert fingerprint(few) == fingerprint(many)
    assert fingerprint(few) != fingerprint(other.decision)


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 90)), max_size=200))
def test_what_is_remembered_has_a_bound_and_each_evidence_once(
    entries: list[tuple[int, int]],
) -> None:
    assessed: tuple[Assessed, ...] = ()
    for evidence, minutes in entries:
        assessed = postpone(assessed, str(evidence), START + timedelta(minutes=minutes))
        assert assessed[-1].fingerprint == str(evidence)
    assert len(assessed) <= REMEMBERED
    assert len({one.fingerprint for one in assessed}) == len(assessed)
