"""What limits a cluster is told from evidence only, and never touches the verdict."""

from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import Bottleneck, Decision, Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.catalog import CATALOG
from copilot.signals.names import SignalName as S
from copilot.signals.snapshot import Absence, QueueKind, QueueSurvey, Reading, Snapshot
from tests.copilot.health.snapshots import Scene, memories, queue, readable, readings, snapshots

LIMITS = Thresholds()
EXPLAINING = [signal.name for signal in CATALOG if signal.explains]
SLOW_STORE = {S.PERSISTENCE_LATENCY_P95: 640.0}
LONG_WAITS = {S.WORKFLOW_SCHEDULE_TO_START_P95: 900.0, S.POLL_SUCCESS_RATE: 20.0}
ABANDONED = queue(backlog=1270, age=171, dispatched=0, pollers=0)
OVERTAXED = queue(backlog=40, age=3)
STANDING = queue(backlog=1270, age=171, dispatched=0)


def judged(values: dict[S, float] | None = None, *queues: object, **rest: object) -> Decision:
    scene = Scene(**rest)  # type: ignore[arg-type]
    scene.values |= values or {}
    if queues:
        scene.queues = QueueSurvey.model_validate({"queues": queues})
    return evaluate(Memory(), scene.build(), LIMITS)


def test_a_cluster_that_keeps_up_has_none() -> None:
    decision = judged()
    assert decision.bottleneck is Bottleneck.NONE
    assert decision.bottleneck_reasons == ()


def test_a_slow_store_and_a_lagging_engine_are_the_servers() -> None:
    decision = judged(SLOW_STORE | {S.HISTORY_QUEUE_LATENCY_P95: 130.0})
    assert decision.bottleneck is Bottleneck.SERVER
    assert decision.bottleneck_reasons == (
        "Server: the history service lags: history_queue_latency_p95 is 130 s, over its limit of"
        " 60 s.",
        "Server: the store is slow: persistence_latency_p95 is 640 ms, over its limit of 400 ms.",
    )


def test_a_queue_that_nobody_polls_is_the_workers() -> None:
    decision = judged({}, ABANDONED)
    assert decision.bottleneck is Bottleneck.WORKER
    assert decision.bottleneck_reasons == (
        "Workers: the oldest of 1,270 workflow tasks on default/orders waits for 171 s, over 10 s:"
        " nobody polls it.",
    )


def test_workers_that_are_late_are_told_before_a_queue_counts_as_starved() -> None:
    """In the lab a queue was dispatched, by the server's average, for 30 s after its workers."""
    late = judged({}, queue(backlog=60, age=20, dispatched=3))
    assert not late.fired
    assert late.bottleneck is Bottleneck.WORKER
    assert late.bottleneck_reasons[0].endswith("its workers do not keep up.")
    assert judged({}, STANDING).bottleneck_reasons[0].endswith("its workers take nothing.")


def test_of_many_queues_those_that_wait_longest_are_named() -> None:
    many = [queue(f"q-{n}", backlog=1, age=20 + n, dispatched=0, pollers=0) for n in range(200)]
    reasons = judged({}, *many).bottleneck_reasons
    assert len(reasons) == 4
    assert "default/q-199" in reasons[0]
    assert reasons[-1] == "Workers: on 197 more task queues tasks wait for over 10 s."


def test_long_waits_for_a_worker_are_the_workers_where_tasks_are_many() -> None:
    decision = judged(LONG_WAITS, OVERTAXED)
    assert decision.bottleneck is Bottleneck.WORKER
    assert decision.bottleneck_reasons == (
        "Workers: 40 workflow tasks wait for them: workflow_schedule_to_start_p95 is 900 ms, over"
        " its limit of 200 ms.",
    )
    assert judged(LONG_WAITS | {S.POLL_SUCCESS_RATE: 0.1}, OVERTAXED).bottleneck is Bottleneck.NONE


def test_waits_that_are_over_are_no_bottleneck_any_more() -> None:
    """The quantile tells of the last minutes, the queues of now."""
    assert judged(LONG_WAITS).bottleneck is Bottleneck.NONE


def test_waits_that_a_slow_store_explains_are_not_the_workers() -> None:
    assert judged(LONG_WAITS | SLOW_STORE, OVERTAXED).bottleneck is Bottleneck.SERVER
    assert judged(SLOW_STORE, STANDING).bottleneck is Bottleneck.SERVER


def test_both_are_mixed_and_each_has_its_reasons() -> None:
    decision = judged(SLOW_STORE, ABANDONED)
    assert decision.bottleneck is Bottleneck.MIXED
    assert [reason.split(":")[0] for reason in decision.bottleneck_reasons] == ["Server", "Workers"]


def test_no_free_slot_counts_while_tasks_wait() -> None:
    waiting = queue(backlog=40, age=3, kind=QueueKind.ACTIVITY)
    passing = queue(backlog=40, age=0.1, kind=QueueKind.ACTIVITY)
    none_free = {S.ACTIVITY_SLOTS_AVAILABLE: 0.0}
    (reason,) = judged(none_free, waiting).bottleneck_reasons
    assert "activity_slots_available is 0" in reason
    assert "40 activity tasks wait" in reason
    assert judged(none_free, passing).bottleneck is Bottleneck.NONE
    assert judged({S.ACTIVITY_SLOTS_AVAILABLE: 1.0}, waiting).bottleneck is Bottleneck.NONE


def test_workers_that_expose_nothing_are_not_blamed() -> None:
    unseen = dict.fromkeys(EXPLAINING, Absence.NOT_EXPORTED)
    waiting = queue(backlog=40, age=3, kind=QueueKind.ACTIVITY)
    assert judged({}, waiting, missing=unseen).bottleneck is Bottleneck.NONE


def test_who_is_down_hands_out_no_tasks() -> None:
    decision = judged({}, ABANDONED, up={**Scene().up, "matching": Reading.of(0)})
    assert decision.bottleneck is Bottleneck.SERVER
    assert decision.bottleneck_reasons == (
        "Server: a service is down: `up` of matching is 0, and 1 is needed.",
    )


def test_what_cannot_be_seen_has_no_bottleneck() -> None:
    decision = judged(SLOW_STORE, ABANDONED, source_absence=Absence.REFUSED)
    assert (decision.bottleneck, decision.bottleneck_reasons) == (Bottleneck.NONE, ())


@given(
    memories, st.one_of(readable, snapshots), st.dictionaries(st.sampled_from(EXPLAINING), readings)
)
def test_what_explains_decides_nothing(
    memory: Memory, snapshot: Snapshot, others: dict[S, Reading]
) -> None:
    """Changed or gone: state, gates, causes and memory are the same."""
    metrics = snapshot.metrics
    changed = metrics.readings | {str(name): reading for name, reading in others.items()}
    gone = {name: one for name, one in metrics.readings.items() if name not in EXPLAINING}
    plain = {"bottleneck", "bottleneck_reasons"}
    expected = evaluate(memory, snapshot, LIMITS).model_dump(exclude=plain)
    for found in (changed, gone):
        seen = metrics.model_copy(update={"readings": found})
        decision = evaluate(memory, snapshot.model_copy(update={"metrics": seen}), LIMITS)
        assert decision.model_dump(exclude=plain) == expected


@given(memories, st.one_of(readable, snapshots))
def test_each_claim_has_its_reasons(memory: Memory, snapshot: Snapshot) -> None:
    decision = evaluate(memory, snapshot, LIMITS)
    whose = {reason.split(":")[0] for reason in decision.bottleneck_reasons}
    assert (
        whose
        == {
            Bottleneck.NONE: set(),
            Bottleneck.SERVER: {"Server"},
            Bottleneck.WORKER: {"Workers"},
            Bottleneck.MIXED: {"Server", "Workers"},
        }[decision.bottleneck]
    )
    assert all(reason.endswith(".") for reason in decision.bottleneck_reasons)
