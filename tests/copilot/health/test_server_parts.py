"""Situations of parts of the server: dead letters, sizes, membership, kinds of database errors."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from copilot.health.decision import Cause, CauseKind, RuleName, RuleResult, State
from copilot.signals.measurement import (
    DeadLetters,
    LargestSize,
    OversizedRequests,
    OwnedShards,
    RoleCalls,
    SizeKind,
    StoreErrors,
)
from copilot.signals.probe import CanaryReport, Probe
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import LogCount, Snapshot
from tests.builders import START, decisions_of, log_survey, snapshot
from tests.copilot.health.test_situations import (
    Situation,
    require_right_answer,
    service,
    with_metrics,
)

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
UNAVAILABLE = "serviceerror.Unavailable"


def failing_store(
    errors: float,
    writes_failed: float = 0.0,
    *logged: tuple[str, int],
    types: Sequence[tuple[str, float]] = (),
    more: Mapping[S, float] | None = None,
) -> Snapshot:
    """A store at `errors` a second (of 1830 calls and 620 writes); `logged` in 30 s."""
    changes = {
        S.PERSISTENCE_ERROR_RATE: errors,
        S.STORE_WRITE_ERROR_RATE: writes_failed,
        **(more or {}),
    }
    lines = [LogCount(pattern=name, service="history", count=count) for name, count in logged]
    kinds = types or [(UNAVAILABLE, errors)]
    return with_metrics(
        snapshot(changes=changes, logs=log_survey(START, *lines) if logged else None),
        store_errors=tuple(StoreErrors(error_type=name, rate=rate) for name, rate in kinds),
    )


# 40 reads a second, and the members' own writes.
QUIET = {S.PERSISTENCE_REQUEST_RATE: 40.0, S.STORE_WRITE_RATE: 0.4}
STORE = (
    Situation(
        "a store becomes read-only under load",
        [failing_store(600, 600, ("database_read_only", 900))] * 2,
        [STRESSED] * 2,
        PERSISTENCE,
        notices=[RuleName.CRITICAL_LOG],
    ),
    Situation(
        "a full store of an idle cluster refuses the few writes, and no logs are read",
        [failing_store(0.4, 0.4, more=QUIET)] * 3,
        [HAPPY, STRESSED, STRESSED],
        PERSISTENCE,
    ),
    Situation(
        "one cycle of refused writes while the store restarts",
        [failing_store(0.4, 0.4, more=QUIET), snapshot(), snapshot()],
        [HAPPY] * 3,
    ),
    Situation(
        "a store runs out of connections now and then, for a while",
        [failing_store(2, 1.5, ("database_connections_exhausted", 40))] * 3,
        [HAPPY, STRESSED, STRESSED],
        PERSISTENCE,
        notices=[RuleName.CRITICAL_LOG],
    ),
    Situation(
        "a line quotes a full disk, and no call to the store fails",
        [failing_store(0, 0, ("database_full", 3))] * 4,
        [HAPPY] * 4,
        notices=[RuleName.CRITICAL_LOG],
    ),
    Situation(
        "transactions on Aurora DSQL conflict and are repeated",
        [failing_store(90, 90, ("persistence_conflict", 2700), ("write_conflict", 8000))] * 6,
        [HAPPY] * 6,
    ),
    Situation(
        "as many errors as conflicts that are repeated, of another kind",
        [failing_store(90, 30, ("database_unreachable", 2700))] * 2,
        [STRESSED] * 2,
        PERSISTENCE,
        notices=[RuleName.CRITICAL_LOG],
    ),
    Situation(
        "conflicts take a third of all calls",
        [failing_store(610, 200, ("persistence_conflict", 18_300))] * 2,
        [STRESSED] * 2,
        PERSISTENCE,
    ),
    Situation(
        "the writes to the store cannot be read",
        [snapshot(changes={S.STORE_WRITE_ERROR_RATE: UNREAD})],
        [State.UNKNOWN],
        Cause(kind=CauseKind.SOURCE, name="store_write_error_ratio"),
    ),
)
NAMESPACE = Cause(kind=CauseKind.NAMESPACE, name="default")


def sized(kind: SizeKind, size: float, *logged: tuple[str, int], refused: float = 0.0) -> Snapshot:
    """The largest of one kind, lines of the history log, and requests refused for their size."""
    lines = [LogCount(pattern=name, service="history", count=count) for name, count in logged]
    named = OversizedRequests(namespace="default", operation="SignalWorkflow", count=refused)
    return with_metrics(
        snapshot(
            changes={S.OVERSIZED_REQUESTS: refused},
            logs=log_survey(START, *lines) if logged else None,
        ),
        largest=(LargestSize(kind=kind, namespace="default", size=size),),
        oversized=(named,) if refused else (),
    )


def starts_too_large() -> Snapshot:
    """Each start is refused for the size of its input."""
    named = OversizedRequests(namespace="default", operation="StartWorkflowExecution", count=1500)
    changes = {
        S.START_REQUEST_RATE: 5.0,
        S.START_REFUSED_RATE: 5.0,
        S.STATE_TRANSITIONS_RATE: 0.0,
        S.HISTORY_TASK_RATE: 0.0,
        S.WORKFLOW_SUCCESS_RATE: 0.0,
        S.OVERSIZED_REQUESTS: 1500.0,
    }
    return with_metrics(snapshot(changes=changes), oversized=(named,))


SIZES = (
    Situation(
        "every start is refused for its size",
        [starts_too_large()] * 6,
        [STRESSED] * 6,
        NAMESPACE,
    ),
    Situation(
        "histories of usual sizes, up to where the server warns",
        [
            sized(SizeKind.HISTORY_EVENTS, 10_000),
            sized(SizeKind.HISTORY_BYTES, 2**23),
            sized(SizeKind.PAYLOAD_BYTES, 2**19),
            sized(SizeKind.STATE_BYTES, 2**20),
        ],
        [HAPPY] * 4,
    ),
    *(
        Situation(
            f"near a limit: {kind}",
            [sized(kind, size)] * 3,
            [HAPPY] * 3,
            notices=[RuleName.SIZE_LIMIT],
        )
        for kind, size in (
            (SizeKind.HISTORY_EVENTS, 20_000),
            (SizeKind.HISTORY_BYTES, 2**24),
            (SizeKind.PAYLOAD_BYTES, 2**20),
            (SizeKind.STATE_BYTES, 2**21),
        )
    ),
    Situation(
        "a cluster with lower limits logs a few warnings",
        [sized(SizeKind.HISTORY_EVENTS, 2000, ("workflow_too_large", 4))] * 3,
        [HAPPY] * 3,
        notices=[RuleName.SIZE_LIMIT],
    ),
    Situation(
        "workflows are ended for their size",
        [sized(SizeKind.HISTORY_EVENTS, 100_000, ("workflow_ended_for_size", 1))],
        [STRESSED],
        NAMESPACE,
        notices=[RuleName.SIZE_LIMIT],
    ),
    Situation(
        "workflows are ended for the size of their state, which has no namespace",
        [
            with_metrics(
                sized(SizeKind.STATE_BYTES, 2**23, ("workflow_ended_for_size", 1)),
                largest=(LargestSize(kind=SizeKind.STATE_BYTES, namespace="", size=2**23),),
            )
        ],
        [STRESSED],
        Cause(kind=CauseKind.WORKFLOW_TYPE, name="workflows over a limit of size"),
        notices=[RuleName.SIZE_LIMIT],
    ),
    Situation(
        "workflows are ended by a limit that is lower than the default",
        [sized(SizeKind.HISTORY_EVENTS, 2000, ("workflow_ended_for_size", 5))],
        [STRESSED],
        Cause(kind=CauseKind.WORKFLOW_TYPE, name="workflows over a limit of size"),
    ),
    Situation(
        "one request is refused for its size",
        [sized(SizeKind.PAYLOAD_BYTES, 1000, refused=1.0)] * 3,
        [HAPPY] * 3,
        notices=[RuleName.SIZE_LIMIT],
    ),
    Situation(
        "requests are refused for their size again and again",
        [sized(SizeKind.PAYLOAD_BYTES, 1000, refused=12.0)] * 3,
        [STRESSED] * 3,
        NAMESPACE,
    ),
    Situation(
        "what is refused for its size cannot be read",
        [snapshot(changes={S.OVERSIZED_REQUESTS: UNREAD})],
        [State.UNKNOWN],
        Cause(kind=CauseKind.SOURCE, name="refused requests"),
    ),
)
SHARDS = Cause(kind=CauseKind.SHARDS, name="history shards")


def ring(
    *owned: float,
    known: int = 0,
    matching_lost: float = 0.0,
    up: Sequence[bool] = (),
    **more: float,
) -> Snapshot:
    """Three instances of history; `owned` are their shards, `known` those of the cluster."""
    changes = {S(name): value for name, value in more.items()}
    seen = snapshot(changes=changes, instances={"history": up or [True, True, True]})
    canary = CanaryReport(shards=known, passed=4)
    seen = seen.model_copy(update={"probe": Probe(at=START, canary=canary)}) if known else seen
    return with_metrics(
        seen,
        owned_shards=tuple(
            OwnedShards(instance=f"history-{number}", shards=shards)
            for number, shards in enumerate(owned)
        ),
        role_calls=(
            RoleCalls(role="history", rate=90.0, unavailable_rate=0.2),
            RoleCalls(role="matching", rate=40.0, unavailable_rate=matching_lost),
        ),
    )


MEMBERSHIP = (
    Situation("all shards have an owner", [ring(170, 172, 170, known=512)] * 8, [HAPPY] * 8),
    Situation(
        "matching is up, and calls find no member",
        [ring(matching_lost=40.0)] * 4,
        [HAPPY, HAPPY, STRESSED, STRESSED],
        service("matching"),
    ),
    Situation(
        "matching is not found, and the frontend returns errors for it",
        [ring(matching_lost=40.0, frontend_error_rate=30.0)] * 4,
        [STRESSED] * 4,
        service("matching"),
    ),
    Situation(
        "the only matching restarts",
        [ring(matching_lost=38.0), ring(matching_lost=30.0), *[ring()] * 4],
        [HAPPY] * 6,
    ),
    Situation(
        "calls find nobody because the store fails",
        [ring(matching_lost=40.0, persistence_error_rate=900.0)] * 4,
        [STRESSED] * 4,
        PERSISTENCE,
    ),
    Situation(
        "one of three instances of history owns no shard",
        [ring(256, 256, 0, known=512)] * 12,
        [HAPPY] * 12,
        notices=[RuleName.MEMBERSHIP],
    ),
    Situation(
        "two of three instances of history own no shard",
        [ring(512, 0, 0, known=512)] * 6,
        [*[HAPPY] * 4, STRESSED, STRESSED],
        SHARDS,
    ),
    Situation(
        "a cluster of four shards has three instances", [ring(3, 1, 0, known=4)] * 20, [HAPPY] * 20
    ),
    Situation(
        "a third of the shards has no owner",
        [ring(170, 172, 4, known=512)] * 6,
        [*[HAPPY] * 4, STRESSED, STRESSED],
        SHARDS,
    ),
    Situation(
        "a rolling restart moves shards for two minutes",
        [*[ring(170, 172, 0, known=512)] * 2, *[ring(256, 256, 0, known=512)] * 2]
        + [ring(170, 172, 170, known=512)] * 4,
        [HAPPY] * 8,
    ),
    Situation(
        "an instance does not export its shards", [ring(170, 172, known=512)] * 12, [HAPPY] * 12
    ),
    Situation(
        "nothing says how many shards the cluster has", [ring(170, 172, 4)] * 12, [HAPPY] * 12
    ),
)
SITUATIONS: Sequence[Situation] = (*DEAD_LETTERS, *STORE, *SIZES, *MEMBERSHIP)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_a_situation_gets_the_right_answer(situation: Situation) -> None:
    require_right_answer(situation)


def test_names_of_situations_are_unique() -> None:
    names = sorted(situation.name for situation in SITUATIONS)
    assert all(one != other for one, other in pairwise(names))


@pytest.mark.parametrize(
    ("observed", "kinds", "not_named"),
    [
        (
            failing_store(600, 600, ("database_read_only", 900), ("database_unreachable", 90_000)),
            ["read-only 30/s"],
            "that metrics do not name",
        ),
        (failing_store(600, 600, ("database_full", 300)), ["full 10/s"], "read-only"),
        (failing_store(1800, 600, ("database_unreachable", 300)), ["unreachable"], "too slow"),
        (
            failing_store(
                400,
                types=[("persistence.TimeoutError", 300), ("serviceerror.ResourceExhausted", 100)],
            ),
            ["too slow 300/s", "over a limit of requests 100/s"],
            "conflicts",
        ),
        (
            failing_store(400, more={S.SQL_CONNECTIONS_IN_USE_RATIO: 1.0}),
            ["all connections"],
            "read-only",
        ),
    ],
    ids=["read-only", "full", "down", "typed", "pool"],
)
def test_errors_of_the_store_name_their_kinds_with_rates(
    observed: Snapshot, kinds: Sequence[str], not_named: str
) -> None:
    found = fired(observed, RuleName.PERSISTENCE_ERRORS)
    assert found
    for result in found:
        assert [kind for kind in kinds if kind not in result.detail] == []
        assert not_named not in result.detail


def test_dead_letters_name_their_category() -> None:
    (result,) = fired(DEAD, RuleName.DEAD_LETTERS)
    assert "transfer" in result.detail
