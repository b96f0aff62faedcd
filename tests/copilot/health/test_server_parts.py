"""Situations of parts of the server: dead letters, sizes, membership, kinds of database errors."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, State
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Absence, DeadLetters, Reading, Snapshot
from tests.builders import decisions_of, snapshot
from tests.copilot.health.test_situations import Situation, service, with_metrics

HAPPY, STRESSED, CRITICAL = State.HAPPY, State.STRESSED, State.CRITICAL
PERSISTENCE = Cause(kind=CauseKind.PERSISTENCE, name="persistence")
UNREAD = Reading.missing(Absence.SERVER_ERROR, "too many samples")


def fired(observed: Snapshot, rule: RuleName) -> list[RuleResult]:
    (decision,) = decisions_of([observed])
    return [result for result in decision.gates if result.fired and result.name is rule]


DEAD = with_metrics(
    snapshot(changes={S.DEAD_LETTERS_WRITTEN: 3.0}),
    dead_letters=(DeadLetters(category="transfer", written=3.0),),
)
DEAD_LETTERS = (
    Situation(
        "tasks are put into the dead letter queue for two cycles",
        [DEAD, DEAD, *[snapshot(changes={S.DEAD_LETTERS_WAITING: 3.0})] * 2],
        [STRESSED, STRESSED, STRESSED, HAPPY],
        notices=[RuleName.DEAD_LETTERS],
    ),
    Situation("a single task is given up", [DEAD], [STRESSED], service("history")),
    Situation(
        "the database fails, and tasks that met its errors are given up",
        [
            with_metrics(
                snapshot(changes={S.DEAD_LETTERS_WRITTEN: 9.0, S.PERSISTENCE_ERROR_RATE: 900.0})
            )
        ],
        [STRESSED],
        PERSISTENCE,
    ),
    Situation(
        "tasks of last month wait in the dead letter queue",
        [snapshot(changes={S.DEAD_LETTERS_WAITING: 1200.0})] * 20,
        [HAPPY] * 20,
        notices=[RuleName.DEAD_LETTERS],
    ),
    Situation(
        "what is put into the dead letter queue cannot be read",
        [snapshot(changes={S.DEAD_LETTERS_WRITTEN: UNREAD})],
        [State.UNKNOWN],
        Cause(kind=CauseKind.SOURCE, name="dead_letters_written"),
    ),
    Situation(
        "how many tasks wait in the dead letter queue cannot be read",
        [snapshot(changes={S.DEAD_LETTERS_WAITING: UNREAD})],
        [HAPPY],
    ),
)
SITUATIONS: Sequence[Situation] = (*DEAD_LETTERS,)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_a_situation_gets_the_right_answer(situation: Situation) -> None:
    decisions = situation.decisions()
    assert [decision.state for decision in decisions] == list(situation.states)
    last = decisions[-1]
    assert last.causes[:1] == ((situation.first,) if situation.first else ())
    assert [result.name for result in last.notices] == list(situation.notices)


def test_names_of_situations_are_unique() -> None:
    names = sorted(situation.name for situation in SITUATIONS)
    assert all(one != other for one, other in pairwise(names))


def test_dead_letters_name_their_category() -> None:
    (result,) = fired(DEAD, RuleName.DEAD_LETTERS)
    assert "transfer" in result.detail
