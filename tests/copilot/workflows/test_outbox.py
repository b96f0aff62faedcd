"""The outbox is ordered and bounded, and keeps changes of state."""

from itertools import pairwise

from copilot.health.decision import Memory
from copilot.store.records import CycleRecord
from copilot.workflows.outbox import MAX_RECORDS, MAX_WITH_CHANGES, Outbox
from tests.copilot.workflows.cycles import cluster_snapshot, record


def records(pattern: str) -> list[CycleRecord]:
    """One cycle for each letter: h healthy, d down."""
    memory, made = Memory(), []
    for cycle, letter in enumerate(pattern):
        made.append(record(memory, cluster_snapshot(healthy=letter == "h", cycle=cycle)))
        memory = made[-1].decision.memory
    return made


def outbox_of(made: list[CycleRecord]) -> Outbox:
    outbox = Outbox()
    for one in made:
        outbox = outbox.add(one)
    return outbox


def test_a_short_outage_drops_nothing() -> None:
    made = records("h" * MAX_RECORDS)
    outbox = outbox_of(made)
    assert outbox.records == tuple(made)
    assert outbox.dropped == 0


def test_a_long_outage_keeps_the_newest_and_every_change_in_order() -> None:
    made = records("h" * 10 + "d" * 20 + "h" * 30)
    outbox = outbox_of(made)
    changes = [one for one in made if one.decision.changed]
    assert len(changes) > 2
    assert [one for one in outbox.records if one.decision.changed] == changes
    assert outbox.records[-1] == made[-1]
    assert len(outbox.records) == MAX_RECORDS
    assert outbox.dropped == len(made) - MAX_RECORDS
    cycles = [one.decision.cycle for one in outbox.records]
    assert all(earlier < later for earlier, later in pairwise(cycles))


def test_changes_in_every_cycle_are_bounded_too() -> None:
    changing = [
        one.model_copy(
            update={"decision": one.decision.model_copy(update={"previous_state": "critical"})}
        )
        for one in records("h" * (MAX_WITH_CHANGES + 5))
    ]
    outbox = outbox_of(changing)
    assert outbox.records == tuple(changing[5:])
    assert outbox.dropped == 5


def test_stored_records_leave_and_newer_ones_stay() -> None:
    made = records("h" * 3)
    outbox = outbox_of(made[:2])
    sent = outbox.batch
    assert outbox.add(made[2]).without(sent).records == (made[2],)
