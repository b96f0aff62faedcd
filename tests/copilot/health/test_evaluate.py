"""Verdict and cause for the situations that people will meet."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from copilot.health.decision import Band, Cause, CauseKind, Decision, GateName, Memory, State
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Absence, QueueFacts, QueueSurvey, Reading, WorkflowOutcome
from tests.copilot.health.snapshots import IDLE, START, Scene, queue

LIMITS = Thresholds()
HISTORY = Cause(kind=CauseKind.SERVICE, name="history")


def judge(*scenes: Scene, memory: Memory | None = None) -> list[Decision]:
    memory = memory or Memory()
    decisions = []
    for cycle, scene in enumerate(scenes):
        decisions.append(evaluate(memory, scene.build(cycle), LIMITS))
        memory = decisions[-1].memory
    return decisions


def states(*scenes: Scene) -> list[State]:
    return [decision.state for decision in judge(*scenes)]


def scene(values: dict[SignalName, float] | None = None, **rest: object) -> Scene:
    made = Scene(**rest)  # type: ignore[arg-type]
    made.values |= values or {}
    return made


def test_a_busy_and_an_idle_cluster_are_happy() -> None:
    busy, idle = Scene(), Scene(values=dict(IDLE), queues=QueueSurvey())
    assert states(busy, busy) == [State.HAPPY, State.HAPPY]
    assert states(idle, idle) == [State.HAPPY, State.HAPPY]
    assert judge(idle)[0].idle
    assert not judge(busy)[0].idle


def down(role: str) -> Scene:
    """A killed role: its target is down, and what only it reports is gone."""
    made = Scene()
    made.up[role] = Reading.of(0)
    if role == "history":
        gone = (SignalName.STATE_TRANSITIONS_RATE, SignalName.HISTORY_TASK_RATE)
        made.missing = dict.fromkeys(gone, Absence.NO_SERIES)
    if role == "frontend":
        made.queues = QueueSurvey(absence=Absence.REFUSED)
    return made


@pytest.mark.parametrize("role", ["frontend", "history", "matching", "worker"])
def test_a_killed_service_is_critical_from_the_third_cycle(role: str) -> None:
    decisions = judge(Scene(), down(role), down(role), down(role), Scene(), Scene())
    assert [decision.state for decision in decisions] == [
        State.HAPPY,
        State.STRESSED,
        State.STRESSED,
        State.CRITICAL,
        State.CRITICAL,
        State.HAPPY,
    ]
    assert decisions[1].causes[0] == Cause(kind=CauseKind.SERVICE, name=role)


def test_a_vanished_service_is_down_but_one_never_seen_is_unknown() -> None:
    gone = Scene()
    gone.up["matching"] = Reading.missing(Absence.NO_SERIES)
    assert states(Scene(), gone) == [State.HAPPY, State.STRESSED]
    assert states(gone) == [State.UNKNOWN]


@pytest.mark.parametrize(
    "blind",
    [
        lambda: scene(source_absence=Absence.REFUSED),
        lambda: scene(up=dict.fromkeys(Scene().up, Reading.missing(Absence.NO_SERIES))),
        lambda: scene(up=dict.fromkeys(Scene().up, Reading.missing(Absence.STALE))),
        lambda: scene(up=dict.fromkeys(Scene().up, Reading.of(0))),
        lambda: scene(
            missing={
                SignalName.STATE_TRANSITIONS_RATE: Absence.NOT_A_NUMBER,
                SignalName.HISTORY_TASK_RATE: Absence.NOT_A_NUMBER,
            }
        ),
        lambda: scene(queues=QueueSurvey(absence=Absence.TIMED_OUT)),
    ],
    ids=["store", "no up", "stale up", "scrape refuted by frontend", "progress", "queues"],
)
def test_without_a_view_the_state_is_unknown_and_says_what_is_not_seen(
    blind: Callable[[], Scene],
) -> None:
    (decision,) = judge(blind())
    assert decision.state is State.UNKNOWN
    assert decision.causes[0].kind is CauseKind.SOURCE
    assert not decision.idle or blind().values == IDLE


def test_all_services_down_is_a_verdict_when_the_frontend_is_silent_too() -> None:
    dark = scene(
        up=dict.fromkeys(Scene().up, Reading.of(0)), queues=QueueSurvey(absence=Absence.REFUSED)
    )
    assert states(Scene(), dark, dark, dark)[-1] is State.CRITICAL


def test_a_dead_database_is_critical_by_the_third_cycle_and_names_persistence() -> None:
    dead = scene({SignalName.PERSISTENCE_ERROR_RATE: 30, SignalName.PERSISTENCE_REQUEST_RATE: 40})
    decisions = judge(Scene(), dead, dead, dead)
    assert decisions[-1].state is State.CRITICAL
    assert decisions[1].causes == (Cause(kind=CauseKind.PERSISTENCE, name="persistence"),)


def test_a_slow_database_is_stressed_and_never_critical() -> None:
    slow = scene({SignalName.PERSISTENCE_LATENCY_P95: 900, SignalName.UPDATE_LATENCY_P95: 3000})
    decisions = judge(Scene(), *[slow] * 20)
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
    half = scene(
        {SignalName.WORKFLOW_SUCCESS_RATE: 2.5, SignalName.WORKFLOW_FAILED_RATE: 2.5},
        outcomes=(outcome,),
    )
    decisions = judge(Scene(), half, half, half, half)
    assert decisions[-1].state is State.STRESSED
    assert decisions[-1].causes == (
        Cause(kind=CauseKind.WORKFLOW_TYPE, name="OrderWorkflow on default/orders"),
    )


def test_failures_without_enough_completions_say_nothing() -> None:
    rare = scene({SignalName.WORKFLOW_SUCCESS_RATE: 0, SignalName.WORKFLOW_FAILED_RATE: 0.05})
    assert states(rare) == [State.HAPPY]


@pytest.mark.parametrize(
    "starved",
    [
        queue("pay-ments", backlog=40, age=30, added=5, dispatched=0, pollers=0),
        queue("pay-ments", backlog=40, age=30, added=0, dispatched=0, pollers=0),
        queue("pay-ments", backlog=40, age=30, added=5, dispatched=0, pollers=2),
        queue(
            "pay-ments",
            backlog=40,
            age=120,
            dispatched=0.1,
            pollers=2,
            last_poll=START - timedelta(minutes=3),
        ),
    ],
    ids=["workers stopped", "abandoned", "workers hang", "pollers only remembered"],
)
def test_a_queue_with_work_and_no_one_to_do_it_is_named(starved: QueueFacts) -> None:
    made = scene(queues=QueueSurvey(queues=(queue(), starved)))
    decision = judge(Scene(), made)[-1]
    assert decision.state is State.STRESSED
    assert decision.causes == (Cause(kind=CauseKind.QUEUE, name="default/pay-ments"),)


def test_a_short_or_moving_backlog_is_no_trouble() -> None:
    short = scene(queues=QueueSurvey(queues=(queue(backlog=50, age=3, dispatched=0),)))
    moving = scene(queues=QueueSurvey(queues=(queue(backlog=500, age=60, dispatched=20),)))
    empty = scene(queues=QueueSurvey(queues=(queue(added=0, dispatched=0, pollers=0),)))
    assert states(short, moving, empty) == [State.HAPPY] * 3


def test_the_first_demand_may_be_seen_before_its_progress() -> None:
    idle = Scene(values=dict(IDLE), queues=QueueSurvey())
    begins = scene({SignalName.STATE_TRANSITIONS_RATE: 0.0, SignalName.HISTORY_TASK_RATE: 0.0})
    assert states(begins, Scene()) == [State.HAPPY, State.HAPPY]
    assert states(idle, begins, begins) == [State.HAPPY, State.HAPPY, State.STRESSED]


def test_demand_without_progress_is_stuck_and_quiet_without_demand_is_not() -> None:
    stuck = scene({SignalName.STATE_TRANSITIONS_RATE: 0.1})
    quiet = scene({SignalName.STATE_TRANSITIONS_RATE: 0.1, SignalName.START_REQUEST_RATE: 0.1})
    assert states(Scene(), stuck, stuck, stuck)[-1] is State.CRITICAL
    assert states(Scene(), quiet, quiet, quiet)[-1] is State.HAPPY


def test_a_collapse_keeps_the_band_of_its_demand() -> None:
    big = scene({SignalName.STATE_TRANSITIONS_RATE: 1000, SignalName.START_REQUEST_RATE: 50})
    collapsed = scene({SignalName.STATE_TRANSITIONS_RATE: 100, SignalName.START_REQUEST_RATE: 50})
    decisions = judge(*[big] * 12, *[collapsed] * 3)
    assert decisions[-1].band is Band.HIGH_THROUGHPUT
    assert decisions[-1].state is State.STRESSED
    assert GateName.PROGRESS_DROP in {gate.name for gate in decisions[-1].fired}


def test_a_load_spike_and_its_end_never_alarm() -> None:
    spike = scene(
        {
            SignalName.STATE_TRANSITIONS_RATE: 640,
            SignalName.START_REQUEST_RATE: 40,
            SignalName.HISTORY_TASK_RATE: 480,
            SignalName.HISTORY_QUEUE_LATENCY_P95: 100,
        }
    )
    decisions = judge(*[Scene()] * 3, *[spike] * 4, *[Scene()] * 6)
    assert State.CRITICAL not in {decision.state for decision in decisions}
    assert decisions[-1].state is State.HAPPY


def test_a_blind_cycle_between_bad_ones_neither_counts_nor_clears() -> None:
    blind = scene(source_absence=Absence.TIMED_OUT)
    bad = down("matching")
    assert states(Scene(), bad, bad, blind, bad) == [
        State.HAPPY,
        State.STRESSED,
        State.STRESSED,
        State.UNKNOWN,
        State.CRITICAL,
    ]


def test_a_restart_keeps_state_and_counters() -> None:
    bad = down("history")
    first = judge(Scene(), bad, bad)[-1]
    restored = Memory.model_validate_json(first.memory.model_dump_json())
    assert judge(bad, memory=restored)[-1].state is State.CRITICAL
