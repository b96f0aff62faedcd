"""Which queues a cycle asks about, of more than it may ask."""

from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.queue_choice import Choice, choose

LIMIT = 20


def keys(prefix: str, count: int) -> list[QueueKey]:
    return [
        QueueKey(namespace=f"space-{number % 7}", name=f"{prefix}-{number}", kind=kind)
        for number in range(count)
        for kind in QueueKind
    ]


def test_all_queues_are_asked_while_the_limit_allows_it() -> None:
    suspected, active, others = keys("late", 2), keys("busy", 4), keys("quiet", 4)
    choice = choose(suspected, [*active, *suspected], others, limit=LIMIT)
    assert set(choice.keys) == {*suspected, *active, *others}
    assert choice.keys[: len(suspected)] == tuple(suspected)
    assert choice == Choice(choice.keys)


def test_suspected_queues_come_first_and_every_other_one_within_a_round() -> None:
    suspected, active = keys("late", 2), keys("busy", 100)
    asked = set[QueueKey]()
    after, cycles = None, 0
    while len(asked) < len(suspected) + len(active):
        choice = choose(suspected, active, (), limit=LIMIT, after=after)
        assert len(set(choice.keys)) == LIMIT
        assert choice.keys[:4] == tuple(suspected)
        # The busiest, in each cycle.
        assert set(active[:5]) <= set(choice.keys)
        assert len(choice.left_out) == len(suspected) + len(active) - LIMIT
        assert not choice.suspected_left_out
        after, cycles = choice.until, cycles + 1
        asked |= set(choice.keys)
        assert cycles <= choice.round_cycles
    assert cycles == choice.round_cycles


def test_many_suspected_queues_leave_a_part_for_the_others() -> None:
    suspected, active = keys("late", 100), keys("busy", 100)
    asked = set[QueueKey]()
    after = None
    for _ in range(choose(suspected, active, (), limit=LIMIT).round_cycles):
        choice = choose(suspected, active, (), limit=LIMIT, after=after)
        assert choice.keys[:15] == tuple(suspected[:15])
        in_turn = set(choice.keys) & set(suspected[15:])
        assert len(choice.suspected_left_out) == len(suspected) - 15 - len(in_turn)
        after = choice.until
        asked |= set(choice.keys)
    assert asked == {*suspected, *active}


def test_a_queue_keeps_its_turn_while_others_come_and_go() -> None:
    active = keys("busy", 100)
    wanted = max(active, key=lambda key: (key.namespace, key.name, key.kind))
    after = None
    for cycle in range(20):
        new = keys(f"new-{cycle}", 1)
        gone = {after} - {None}
        present = [key for key in (*active, *new) if key not in gone]
        choice = choose((), present, (), limit=LIMIT, after=after)
        if wanted in choice.keys[5:]:
            return
        after = choice.until
    raise AssertionError("its turn did not come")


def test_one_queue_a_cycle_takes_turns() -> None:
    active = keys("busy", 1)
    first = choose((), active, (), limit=1)
    second = choose((), active, (), limit=1, after=first.until)
    assert {*first.keys, *second.keys} == set(active)
