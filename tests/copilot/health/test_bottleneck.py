"""The bottleneck follows from evidence and changes no verdict."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import Bottleneck, Decision, Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.catalog import CATALOG
from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot
from tests.builders import decisions_of, queue_facts, snapshot, starved_queue
from tests.strategies import memories, readable, readings, snapshots

LIMITS = Thresholds()
Changes = dict[S, float | Reading]
EXPLAINING = [signal.name for signal in CATALOG if signal.explains and not signal.supports]
SLOW_STORE: Changes = {S.PERSISTENCE_LATENCY_P95: 640.0}
LONG_WAITS: Changes = {
    S.WORKFLOW_SCHEDULE_TO_START_P95: 900.0,
    S.POLL_SUCCESS_RATE: 20.0,
}
ABANDONED = starved_queue()
OVERTAXED = queue_facts(backlog=40, backlog_age_seconds=3)
IDLE_WORKERS = starved_queue(pollers=2)


def decided(
    changes: Changes | None = None, *queues: QueueFacts, down: Sequence[str] = ()
) -> Decision:
    (decision,) = decisions_of([snapshot(changes=changes, queues=queues, down=down)])
    return decision


def test_a_cluster_that_keeps_up_has_none() -> None:
    decision = decided()
    assert decision.bottleneck is Bottleneck.NONE
    assert decision.bottleneck_reasons == ()


def test_a_slow_store_and_a_lagging_engine_limit_the_server() -> None:
    decision = decided(SLOW_STORE | {S.HISTORY_QUEUE_LATENCY_P95: 130.0})
    assert decision.bottleneck is Bottleneck.SERVER
    assert decision.bottleneck_reasons == (
        "Server: the history service lags: history_queue_latency_p95 is 130 s, over its limit of"
        " 60 s.",
        "Server: the store is slow: persistence_latency_p95 is 640 ms, over its limit of 400 ms.",
    )


def test_a_queue_without_pollers_limits_by_its_workers() -> None:
    decision = decided({}, ABANDONED)
    assert decision.bottleneck is Bottleneck.WORKER
    assert decision.bottleneck_reasons == (
        "Workers: the oldest of 1,270 workflow tasks on default/orders waits for 171 s, over 10 s:"
        " nobody polls it.",
    )


def test_late_workers_are_reported_before_the_queue_counts_as_starved() -> None:
    """In the lab a queue was dispatched, by the server's average, for 30 s after its workers."""
    waiting = queue_facts(
        kind=QueueKind.ACTIVITY, backlog=60, backlog_age_seconds=20, dispatch_rate=3
    )
    late = decided({}, waiting)
    assert not late.fired
    assert late.bottleneck is Bottleneck.WORKER
    assert late.bottleneck_reasons[0].endswith("its workers do not keep up.")
    assert decided({}, IDLE_WORKERS).bottleneck_reasons[0].endswith("its workers take nothing.")


def test_of_many_queues_those_that_wait_longest_are_named() -> None:
    many = [starved_queue(f"q-{n}", backlog=1, backlog_age_seconds=20 + n) for n in range(200)]
    reasons = decided({}, *many).bottleneck_reasons
    assert len(reasons) == 4
    assert "default/q-199" in reasons[0]
    assert reasons[-1] == "Workers: on 197 more task queues tasks wait for over 10 s."


def test_long_waits_for_a_worker_are_the_workers_where_tasks_are_many() -> None:
    decision = decided(LONG_WAITS, OVERTAXED)
    assert decision.bottleneck is Bottleneck.WORKER
    assert decision.bottleneck_reasons == (
        "Workers: 40 workflow tasks wait for them: workflow_schedule_to_start_p95 is 900 ms, over"
        " its limit of 200 ms.",
    )
    assert decided(LONG_WAITS | {S.POLL_SUCCESS_RATE: 0.1}, OVERTAXED).bottleneck is Bottleneck.NONE


def test_past_waits_are_not_a_bottleneck() -> None:
    """The quantile covers the last minutes, the queues are current."""
    assert decided(LONG_WAITS).bottleneck is Bottleneck.NONE


def test_waits_that_a_slow_store_explains_are_not_the_workers() -> None:
    assert decided(LONG_WAITS | SLOW_STORE, OVERTAXED).bottleneck is Bottleneck.SERVER
    assert decided(SLOW_STORE, IDLE_WORKERS).bottleneck is Bottleneck.SERVER


def test_both_are_mixed_and_each_has_its_reasons() -> None:
    decision = decided(SLOW_STORE, ABANDONED)
    assert decision.bottleneck is Bottleneck.MIXED
    assert [reason.split(":")[0] for reason in decision.bottleneck_reasons] == ["Server", "Workers"]


def test_no_free_slot_counts_while_tasks_wait() -> None:
    waiting = queue_facts(backlog=40, backlog_age_seconds=3, kind=QueueKind.ACTIVITY)
    passing = queue_facts(backlog=40, backlog_age_seconds=0.1, kind=QueueKind.ACTIVITY)
    none_free: Changes = {S.ACTIVITY_SLOTS_AVAILABLE: 0.0}
    (reason,) = decided(none_free, waiting).bottleneck_reasons
    assert "activity_slots_available is 0" in reason
    assert "40 activity tasks wait" in reason
    assert decided(none_free, passing).bottleneck is Bottleneck.NONE
    assert decided({S.ACTIVITY_SLOTS_AVAILABLE: 1.0}, waiting).bottleneck is Bottleneck.NONE


def test_workers_that_expose_nothing_are_not_blamed() -> None:
    unseen: Changes = {name: Reading.missing(Absence.NOT_EXPORTED) for name in EXPLAINING}
    waiting = queue_facts(backlog=40, backlog_age_seconds=3, kind=QueueKind.ACTIVITY)
    assert decided(unseen, waiting).bottleneck is Bottleneck.NONE


def test_while_matching_is_down_workers_are_not_blamed() -> None:
    decision = decided({}, ABANDONED, down=["matching"])
    assert decision.bottleneck is Bottleneck.SERVER
    assert decision.bottleneck_reasons == (
        "Server: a service is down: `up` of matching is 0, and 1 is needed.",
    )


def test_without_a_view_there_is_no_bottleneck() -> None:
    blind = snapshot(changes=SLOW_STORE, queues=[ABANDONED], source_absence=Absence.REFUSED)
    (decision,) = decisions_of([blind])
    assert (decision.bottleneck, decision.bottleneck_reasons) == (Bottleneck.NONE, ())


@given(
    memories, st.one_of(readable, snapshots), st.dictionaries(st.sampled_from(EXPLAINING), readings)
)
def test_explaining_signals_decide_nothing(
    memory: Memory, observed: Snapshot, others: dict[S, Reading]
) -> None:
    """Changed or gone: state, results, causes and memory are the same."""
    metrics = observed.metrics
    changed = metrics.readings | {str(name): reading for name, reading in others.items()}
    gone = {name: one for name, one in metrics.readings.items() if name not in EXPLAINING}
    plain = {"bottleneck", "bottleneck_reasons"}
    expected = evaluate(memory, observed, LIMITS).model_dump(exclude=plain)
    for found in (changed, gone):
        update = {"metrics": metrics.model_copy(update={"readings": found})}
        decision = evaluate(memory, observed.model_copy(update=update), LIMITS)
        assert decision.model_dump(exclude=plain) == expected


@given(memories, st.one_of(readable, snapshots))
def test_each_claim_has_its_reasons(memory: Memory, observed: Snapshot) -> None:
    decision = evaluate(memory, observed, LIMITS)
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
