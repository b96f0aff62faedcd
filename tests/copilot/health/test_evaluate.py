"""State and cause of common situations."""

from datetime import timedelta

import pytest

from copilot.health.decision import Cause, CauseKind, Memory, RuleName, ScaleTier, State
from copilot.signals.measurement import Instance, WorkflowOutcome
from copilot.signals.queue import QueueFacts, QueueSurvey
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot
from tests.builders import IDLE, START, decisions_of, queue_facts, snapshot, starved_queue

HISTORY = Cause(kind=CauseKind.SERVICE, name="history")
HEALTHY = snapshot()
IDLE_SNAPSHOT = snapshot(changes=IDLE)


def states(*snapshots: Snapshot) -> list[State]:
    """The states of consecutive cycles of a cluster that was not seen before."""
    return [decision.state for decision in decisions_of(snapshots, Memory())]


def test_a_busy_and_an_idle_cluster_are_happy() -> None:
    assert states(HEALTHY, HEALTHY) == [State.HAPPY, State.HAPPY]
    assert states(IDLE_SNAPSHOT, IDLE_SNAPSHOT) == [State.HAPPY, State.HAPPY]
    assert decisions_of([IDLE_SNAPSHOT])[0].idle
    assert not decisions_of([HEALTHY])[0].idle


def without(role: str) -> Snapshot:
    """A killed role: its target is down, and the series that only it exports are gone."""
    gone = Reading.missing(Absence.NO_SERIES)
    lost = (S.STATE_TRANSITIONS_RATE, S.HISTORY_TASK_RATE) if role == "history" else ()
    absence = Absence.REFUSED if role == "frontend" else None
    return snapshot(
        changes=dict.fromkeys(lost, gone), down=[role], survey=QueueSurvey(absence=absence)
    )


@pytest.mark.parametrize("role", ["frontend", "history", "matching", "worker"])
def test_a_killed_service_is_critical_from_the_third_cycle(role: str) -> None:
    decisions = decisions_of([HEALTHY, *[without(role)] * 3, HEALTHY, HEALTHY])
    assert [decision.state for decision in decisions] == [
        State.HAPPY,
        State.STRESSED,
        State.STRESSED,
        State.CRITICAL,
        State.CRITICAL,
        State.HAPPY,
    ]
    assert decisions[1].causes[0] == Cause(kind=CauseKind.SERVICE, name=role)


@pytest.mark.parametrize("role", list(Role))
def test_a_new_cluster_whose_service_does_not_listen_yet_has_no_false_fault(role: Role) -> None:
    starting = [without(role)] * 3
    assert states(*starting, HEALTHY) == [*[State.UNKNOWN] * 3, State.HAPPY]


@pytest.mark.parametrize("role", list(Role))
def test_a_service_that_never_starts_is_found(role: Role) -> None:
    decisions = decisions_of([without(role)] * 7, Memory())
    assert [decision.state for decision in decisions] == [
        *[State.UNKNOWN] * 4,
        State.STRESSED,
        State.STRESSED,
        State.CRITICAL,
    ]
    assert decisions[-1].causes[0] == Cause(kind=CauseKind.SERVICE, name=role)


def test_a_service_that_was_up_once_has_no_time_to_start() -> None:
    worker = without(Role.WORKER)
    assert states(worker, HEALTHY, worker)[-1] is State.STRESSED


def test_a_vanished_service_is_down_but_one_never_seen_is_unknown() -> None:
    gone = snapshot(targets={"matching": Reading.missing(Absence.NO_SERIES)})
    assert states(HEALTHY, gone) == [State.HAPPY, State.STRESSED]
    assert states(gone) == [State.UNKNOWN]


@pytest.mark.parametrize(
    "blind",
    [
        snapshot(source_absence=Absence.REFUSED),
        snapshot(targets=dict.fromkeys(Role, Reading.missing(Absence.NO_SERIES))),
        snapshot(targets=dict.fromkeys(Role, Reading.missing(Absence.STALE))),
        snapshot(down=Role),
        snapshot(
            changes=dict.fromkeys(
                (S.STATE_TRANSITIONS_RATE, S.HISTORY_TASK_RATE),
                Reading.missing(Absence.NOT_A_NUMBER),
            )
        ),
        snapshot(survey=QueueSurvey(absence=Absence.TIMED_OUT)),
    ],
    ids=["store", "no up", "stale up", "scrape refuted by frontend", "progress", "queues"],
)
def test_without_a_view_the_state_is_unknown_and_its_cause_is_a_source(blind: Snapshot) -> None:
    (decision,) = decisions_of([blind])
    assert decision.state is State.UNKNOWN
    assert decision.causes[0].kind is CauseKind.SOURCE
    assert not decision.idle


def test_all_services_down_is_a_verdict_when_the_frontend_is_silent_too() -> None:
    dark = snapshot(down=Role, survey=QueueSurvey(absence=Absence.REFUSED))
    assert states(HEALTHY, dark, dark, dark)[-1] is State.CRITICAL


def test_a_process_with_every_role_is_said_to_have_them_when_it_is_down() -> None:
    dark = snapshot(down=Role, survey=QueueSurvey(absence=Absence.REFUSED))
    process = (Instance(name="temporal:9090", up=False),)
    metrics = dark.metrics.model_copy(update={"instances": dict.fromkeys(Role, process)})
    decision = decisions_of([HEALTHY, *[dark.model_copy(update={"metrics": metrics})] * 3])[-1]
    assert decision.state is State.CRITICAL
    down = [one for one in decision.fired if one.name is RuleName.SERVICE_DOWN]
    assert len(down) == len(Role)
    for result in down:
        others = [role for role in Role if role != result.subject]
        assert all(word in result.detail for word in ("temporal:9090", *others))


def test_a_dead_database_is_critical_by_the_third_cycle_and_names_persistence() -> None:
    dead = snapshot(changes={S.PERSISTENCE_ERROR_RATE: 30, S.PERSISTENCE_REQUEST_RATE: 40})
    decisions = decisions_of([HEALTHY, dead, dead, dead])
    assert decisions[-1].state is State.CRITICAL
    assert decisions[1].causes == (Cause(kind=CauseKind.PERSISTENCE, name="persistence"),)


def test_a_dead_visibility_store_is_stressed_never_critical_and_named() -> None:
    dead = snapshot(changes={S.VISIBILITY_ERROR_RATE: 30, S.VISIBILITY_REQUEST_RATE: 30})
    decisions = decisions_of([HEALTHY, *[dead] * 5])
    assert {decision.state for decision in decisions[1:]} == {State.STRESSED}
    assert decisions[-1].causes == (Cause(kind=CauseKind.VISIBILITY, name="visibility store"),)
    few = snapshot(changes={S.VISIBILITY_ERROR_RATE: 0.1, S.VISIBILITY_REQUEST_RATE: 0.1})
    assert decisions_of([HEALTHY, few])[-1].state is State.HAPPY


def test_a_slow_database_is_stressed_and_never_critical() -> None:
    slow = snapshot(changes={S.PERSISTENCE_LATENCY_P95: 900, S.UPDATE_LATENCY_P95: 3000})
    decisions = decisions_of([HEALTHY, *[slow] * 20])
    assert {decision.state for decision in decisions[1:]} == {State.STRESSED}
    assert decisions[-1].causes == (Cause(kind=CauseKind.PERSISTENCE, name="persistence"),)


def test_half_failing_workflows_are_stressed_and_name_the_type() -> None:
    outcome = WorkflowOutcome(
        namespace="default",
        task_queue="orders",
        workflow_type="OrderWorkflow",
        success_rate=2.5,
        failed_rate=2.5,
    )
    half = snapshot(
        changes={S.WORKFLOW_SUCCESS_RATE: 2.5, S.WORKFLOW_FAILED_RATE: 2.5},
        outcomes=(outcome,),
    )
    decisions = decisions_of([HEALTHY, half, half, half, half])
    assert decisions[-1].state is State.STRESSED
    assert decisions[-1].causes == (
        Cause(kind=CauseKind.WORKFLOW_TYPE, name="OrderWorkflow on default/orders"),
    )


def test_failures_without_enough_completions_say_nothing() -> None:
    rare = snapshot(changes={S.WORKFLOW_SUCCESS_RATE: 0, S.WORKFLOW_FAILED_RATE: 0.05})
    assert states(rare) == [State.HAPPY]


@pytest.mark.parametrize(
    "starved",
    [
        starved_queue("pay-ments"),
        starved_queue("pay-ments", add_rate=0.0),
        starved_queue("pay-ments", pollers=2),
        starved_queue(
            "pay-ments", dispatch_rate=0.1, pollers=2, last_poll=START - timedelta(minutes=3)
        ),
    ],
    ids=["workers stopped", "abandoned", "workers hang", "pollers only remembered"],
)
def test_a_queue_with_work_and_no_one_to_do_it_is_named(starved: QueueFacts) -> None:
    observed = snapshot(queues=(queue_facts(), starved))
    decision = decisions_of([HEALTHY, observed])[-1]
    assert decision.state is State.STRESSED
    assert decision.causes == (Cause(kind=CauseKind.QUEUE, name="default/pay-ments"),)


def test_a_short_or_moving_backlog_is_no_trouble() -> None:
    short = snapshot(queues=[queue_facts(backlog=50, backlog_age_seconds=3, dispatch_rate=0)])
    moving = snapshot(queues=[queue_facts(backlog=500, backlog_age_seconds=60, dispatch_rate=20)])
    empty = snapshot(queues=[queue_facts(add_rate=0, dispatch_rate=0, pollers=0)])
    assert states(short, moving, empty) == [State.HAPPY] * 3


def test_the_first_demand_may_be_seen_before_its_progress() -> None:
    begins = snapshot(changes={S.STATE_TRANSITIONS_RATE: 0.0, S.HISTORY_TASK_RATE: 0.0})
    assert states(begins, HEALTHY) == [State.HAPPY, State.HAPPY]
    assert states(IDLE_SNAPSHOT, begins, begins) == [State.HAPPY, State.HAPPY, State.STRESSED]


def test_demand_without_progress_is_stuck_and_quiet_without_demand_is_not() -> None:
    stuck = snapshot(changes={S.STATE_TRANSITIONS_RATE: 0.1})
    quiet = snapshot(changes={S.STATE_TRANSITIONS_RATE: 0.1, S.START_REQUEST_RATE: 0.1})
    assert states(HEALTHY, stuck, stuck, stuck)[-1] is State.CRITICAL
    assert states(HEALTHY, quiet, quiet, quiet)[-1] is State.HAPPY


def test_a_collapse_keeps_the_tier_of_its_demand() -> None:
    big = snapshot(changes={S.STATE_TRANSITIONS_RATE: 1000, S.START_REQUEST_RATE: 50})
    collapsed = snapshot(changes={S.STATE_TRANSITIONS_RATE: 100, S.START_REQUEST_RATE: 50})
    decisions = decisions_of([*[big] * 12, *[collapsed] * 3])
    assert decisions[-1].band is ScaleTier.HIGH_THROUGHPUT
    assert decisions[-1].state is State.STRESSED
    assert RuleName.PROGRESS_DROP in {result.name for result in decisions[-1].fired}


def test_a_load_spike_and_its_end_never_alarm() -> None:
    spike = snapshot(
        changes={
            S.STATE_TRANSITIONS_RATE: 640,
            S.START_REQUEST_RATE: 40,
            S.HISTORY_TASK_RATE: 480,
            S.HISTORY_QUEUE_LATENCY_P95: 100,
        }
    )
    decisions = decisions_of([*[HEALTHY] * 3, *[spike] * 4, *[HEALTHY] * 6])
    assert State.CRITICAL not in {decision.state for decision in decisions}
    assert decisions[-1].state is State.HAPPY


def test_a_blind_cycle_between_bad_ones_neither_counts_nor_clears() -> None:
    blind = snapshot(source_absence=Absence.TIMED_OUT)
    bad = without("matching")
    assert states(HEALTHY, bad, bad, blind, bad) == [
        State.HAPPY,
        State.STRESSED,
        State.STRESSED,
        State.UNKNOWN,
        State.CRITICAL,
    ]


def test_a_restart_keeps_state_and_counters() -> None:
    bad = without("history")
    first = decisions_of([HEALTHY, bad, bad])[-1]
    restored = Memory.model_validate_json(first.memory.model_dump_json())
    assert decisions_of([bad], restored)[-1].state is State.CRITICAL
