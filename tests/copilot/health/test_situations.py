"""Situations that operators report, as data, each with the right state and the right words.

Each begins with ten healthy cycles of its cluster. `states` are those of the cycles that follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest

from copilot.health.decision import Cause, CauseKind, Decision, RuleName, State
from copilot.signals.catalog import CATALOG
from copilot.signals.instances import with_answers
from copilot.signals.measurement import DroppedSamples, NamespaceLoad, TaskFailures, WorkflowOutcome
from copilot.signals.probe import CanaryReport, Probe
from copilot.signals.queue import QueueFacts, QueueKey, QueueKind, QueueSurvey, VersionBacklog
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot
from tests.builders import START, cycle_time, decisions_of, queue_facts, snapshot, starved_queue

USUAL_CYCLES = 10
HEALTHY = snapshot()
HAPPY, STRESSED, CRITICAL = State.HAPPY, State.STRESSED, State.CRITICAL
ESCALATES = [STRESSED, STRESSED, CRITICAL, CRITICAL]


@dataclass(frozen=True)
class Situation:
    """`first` is the first cause of the last cycle; `notices` are the rules of its notices."""

    name: str
    cycles: Sequence[Snapshot]
    states: Sequence[State]
    first: Cause | None = None
    notices: Sequence[RuleName] = ()
    usual: Snapshot = HEALTHY

    def decisions(self) -> list[Decision]:
        usual = [self.usual] * USUAL_CYCLES
        return decisions_of([*usual, *self.cycles])[USUAL_CYCLES:]


def require_right_answer(situation: Situation) -> None:
    """The states of all cycles, and first cause and notices of the last."""
    decisions = situation.decisions()
    assert [decision.state for decision in decisions] == list(situation.states)
    last = decisions[-1]
    assert last.causes[:1] == ((situation.first,) if situation.first else ())
    assert [result.name for result in last.notices] == list(situation.notices)


def service(role: str) -> Cause:
    return Cause(kind=CauseKind.SERVICE, name=role)


def with_metrics(observed: Snapshot, **changes: object) -> Snapshot:
    metrics = observed.metrics.model_copy(update=changes)
    return observed.model_copy(update={"metrics": metrics})


def some_down(role: str, *ups: bool) -> Snapshot:
    return snapshot(instances={role: ups})


INSTANCES = (
    Situation(
        "one of three history instances is an evicted pod that is still listed",
        [some_down("history", True, True, False)] * 120,
        [HAPPY] * 120,
        notices=[RuleName.INSTANCES_DOWN],
    ),
    Situation(
        "one of three worker instances is gone",
        [some_down("worker", True, False, True)] * 6,
        [HAPPY] * 6,
        notices=[RuleName.INSTANCES_DOWN],
    ),
    Situation(
        "one of two frontends restarts for 90 s",
        [*[some_down("frontend", True, False)] * 4, snapshot()],
        [HAPPY] * 5,
    ),
    Situation(
        "one of two frontends stays away",
        [some_down("frontend", True, False)] * 6,
        [*[HAPPY] * 4, STRESSED, STRESSED],
        service("frontend"),
    ),
    Situation(
        "two of four history instances are gone",
        [some_down("history", True, True, False, False)] * 2,
        [STRESSED] * 2,
        service("history"),
    ),
    Situation(
        "two of three matching instances are gone",
        [some_down("matching", True, False, False)] * 4,
        [STRESSED] * 4,
        service("matching"),
    ),
    Situation(
        "all three history instances are gone",
        [some_down("history", False, False, False)] * 3,
        [STRESSED, STRESSED, CRITICAL],
        service("history"),
    ),
)

UNSCRAPED_READING = Reading.missing(Absence.NO_SERIES, "scrapes fail")
UNREAD_HISTORY: dict[S, float | Reading] = {
    signal.name: UNSCRAPED_READING for signal in CATALOG if signal.role is Role.HISTORY
}
UNREAD_FRONTEND: dict[S, float | Reading] = {
    signal.name: UNSCRAPED_READING for signal in CATALOG if signal.role is Role.FRONTEND
}


def asked(
    role: str,
    answers: Sequence[bool | None],
    changes: dict[S, float | Reading] | None = None,
) -> Snapshot:
    """Scrapes of these instances fail; this is what each answered when asked directly."""
    observed = snapshot(changes=changes, instances={role: [False] * len(answers)})
    given = {f"{role}-{number}": answer for number, answer in enumerate(answers)}
    return observed.model_copy(update={"metrics": with_answers(observed.metrics, given)})


SLOW_SCRAPES = (
    Situation(
        "history answers, but what it exports is not known",
        [asked("history", [True], UNREAD_HISTORY)] * 4,
        [State.UNKNOWN] * 4,
        Cause(kind=CauseKind.SOURCE, name="signals of progress"),
    ),
    Situation(
        "history answers while its last scrapes are still in the window",
        [asked("history", [True, True])] * 2,
        [HAPPY] * 2,
        notices=[RuleName.INSTANCES_UNSCRAPED],
    ),
    Situation(
        "the worker service answers, and nothing that it exports is needed",
        [asked("worker", [True])] * 4,
        [HAPPY] * 4,
        notices=[RuleName.INSTANCES_UNSCRAPED],
    ),
    Situation(
        "the frontend answers, but demand is not known",
        [asked("frontend", [True], UNREAD_FRONTEND)] * 4,
        [State.UNKNOWN] * 4,
        Cause(kind=CauseKind.SOURCE, name="scrapes of frontend"),
        [RuleName.INSTANCES_UNSCRAPED],
    ),
    Situation(
        "history refuses connections",
        [asked("history", [False])] * 3,
        ESCALATES[:3],
        service("history"),
    ),
    Situation(
        "history cannot be reached from here, or hangs",
        [asked("history", [None])] * 3,
        ESCALATES[:3],
        service("history"),
    ),
    Situation(
        "all history instances are down but one that answers",
        [asked("history", [False, True, False])] * 2,
        [STRESSED] * 2,
        service("history"),
        notices=[RuleName.INSTANCES_UNSCRAPED],
    ),
    Situation(
        "history was down, and answers before it is scraped again",
        [
            *[asked("history", [False], UNREAD_HISTORY)] * 3,
            asked("history", [True], UNREAD_HISTORY),
            *[snapshot()] * 2,
        ],
        [*ESCALATES, CRITICAL, HAPPY],
    ),
)

NO_LATENCY = Reading.missing(Absence.NO_OBSERVATIONS)
SILENT: dict[S, float | Reading] = {
    S.STATE_TRANSITIONS_RATE: 0.0,
    S.HISTORY_TASK_RATE: 0.0,
    S.WORKFLOW_SUCCESS_RATE: 0.0,
    S.WORKFLOW_FAILED_RATE: 0.0,
    S.UPDATE_LATENCY_P95: NO_LATENCY,
    S.HISTORY_QUEUE_LATENCY_P95: NO_LATENCY,
    S.PERSISTENCE_LATENCY_P95: NO_LATENCY,
}


def running(starts: float, updates: float, **more: float) -> Snapshot:
    """A cluster at this load; `more` are other signals by name."""
    return snapshot(
        changes={
            S.START_REQUEST_RATE: starts,
            S.STATE_TRANSITIONS_RATE: updates,
            S.HISTORY_TASK_RATE: 1.4 * updates,
            S.SIGNAL_REQUEST_RATE: 0.0,
            **{S(name): value for name, value in more.items()},
        }
    )


def silent(starts: float, opened: int | None, **more: float) -> Snapshot:
    changes: dict[S, float | Reading] = {
        **SILENT,
        S.START_REQUEST_RATE: starts,
        S.SIGNAL_REQUEST_RATE: 0.0,
    }
    changes |= {S(name): value for name, value in more.items()}
    return snapshot(changes=changes).model_copy(update={"open_workflows": opened})


HISTORY = service("history")
PROGRESS = (
    Situation(
        "few starts go on, and history stands still",
        [silent(2, 300)] * 20,
        [*ESCALATES, *[CRITICAL] * 16],
        HISTORY,
        usual=running(2, 145),
    ),
    Situation(
        "very few starts go on, and history stands still",
        [silent(0.4, None)] * 4,
        ESCALATES,
        HISTORY,
        usual=running(0.4, 40),
    ),
    Situation(
        "no starts at all, workflows in a timer loop, and history stands still",
        [silent(0, 200)] * 20,
        [*ESCALATES, *[CRITICAL] * 16],
        HISTORY,
        usual=running(0, 40, workflow_success_rate=0),
    ),
    Situation(
        "signals end, and timers are late",
        [silent(0, 200, scheduled_queue_lag_p95=400)] * 4,
        ESCALATES,
        HISTORY,
        usual=running(3, 40, signal_request_rate=5),
    ),
    Situation(
        "a batch that was started long ago ends",
        [silent(0, 0)] * 20,
        [HAPPY] * 20,
        usual=running(0, 145),
    ),
    Situation(
        "a quiet night: workflows wait for signals that do not come",
        [silent(0, 900)] * 20,
        [HAPPY] * 20,
        usual=running(0.02, 40, signal_request_rate=8),
    ),
    Situation(
        "starts of one workflow id that runs already",
        [running(20, 0.4, start_deduplicated_rate=20, workflow_success_rate=0.0)] * 12,
        [HAPPY] * 12,
    ),
    Situation(
        "400 starts against a limit of 10",
        [
            with_metrics(
                running(400, 18, start_refused_rate=390, workflow_success_rate=9),
                refusals=(NamespaceLoad(namespace="tenant", request_rate=410, refused_rate=390),),
            )
        ]
        * 4,
        [STRESSED] * 4,
        Cause(kind=CauseKind.NAMESPACE, name="tenant"),
    ),
)


def outcome(success: float, failed: float, name: str = "Report") -> WorkflowOutcome:
    return WorkflowOutcome(
        namespace="default",
        task_queue="orders",
        workflow_type=name,
        success_rate=success,
        failed_rate=failed,
    )


def ended(success: float, failed: float, at: int = 0) -> Snapshot:
    """Only these completions, in cycle `at`."""
    rates = {S.WORKFLOW_SUCCESS_RATE: success, S.WORKFLOW_FAILED_RATE: failed}
    outcomes = [outcome(success, failed)] if success or failed else []
    return snapshot(cycle_time(at), changes=rates, outcomes=outcomes)


def retried(*others: WorkflowOutcome, failed: float, retries: float, cycle: int) -> Snapshot:
    """Runs of one type fail and are retried, while others succeed."""
    rates = {S.WORKFLOW_FAILED_RATE: failed, S.WORKFLOW_RETRY_RATE: retries}
    outcomes = [outcome(1, failed, "Refund"), outcome(8, 0, "Order"), *others]
    return snapshot(cycle_time(cycle), changes=rates, outcomes=outcomes)


NO_COMPLETION = {S.WORKFLOW_SUCCESS_RATE: 0.0, S.WORKFLOW_FAILED_RATE: 0.0}
RARE = running(0.07, 2, workflow_success_rate=0.0, workflow_failed_rate=0.0)
REPORT = Cause(kind=CauseKind.WORKFLOW_TYPE, name="Report on default/orders")
FAILURES = (
    Situation(
        "workflow tasks fail for ever after a deployment",
        [
            with_metrics(
                snapshot(
                    changes={
                        **NO_COMPLETION,
                        S.STATE_TRANSITIONS_RATE: 60,
                        S.WORKFLOW_TASK_FAILURE_RATE: 3,
                    }
                ),
                task_failures=(
                    TaskFailures(namespace="shop", reason="NonDeterministicError", rate=3),
                ),
            )
        ]
        * 20,
        [STRESSED] * 20,
        Cause(kind=CauseKind.WORKFLOW_TYPE, name="workflows of namespace shop"),
    ),
    Situation(
        "nothing completes at full demand",
        [snapshot(changes={**NO_COMPLETION, S.STATE_TRANSITIONS_RATE: 60})] * 20,
        [STRESSED] * 20,
    ),
    Situation(
        "one workflow type a quarter-hour, and each run fails",
        [ended(0, 1 / 60 if cycle % 30 in {0, 1} else 0, cycle) for cycle in range(1, 125)],
        [*[HAPPY] * 89, *[STRESSED] * 35],
        REPORT,
        usual=RARE,
    ),
    Situation(
        "one workflow type a minute, and each run fails",
        [ended(0, 0.07, cycle) for cycle in range(1, 8)],
        [HAPPY, STRESSED, STRESSED, STRESSED, STRESSED, STRESSED, STRESSED],
        REPORT,
        usual=RARE,
    ),
    Situation(
        "many failures that are retried, beside one type that fails for good",
        [retried(failed=4.0, retries=4.0, cycle=cycle) for cycle in range(1, 4)]
        + [
            retried(outcome(0, 0.07), failed=4.0, retries=4.0, cycle=cycle) for cycle in range(4, 9)
        ],
        [*[HAPPY] * 4, *[STRESSED] * 4],
        REPORT,
    ),
    Situation(
        "most failures are retried, and half of the workflows fail for good",
        [retried(failed=13.0, retries=4.0, cycle=cycle) for cycle in range(1, 3)],
        [STRESSED] * 2,
        Cause(kind=CauseKind.WORKFLOW_TYPE, name="Refund on default/orders"),
    ),
    Situation(
        "four failures and a success of a retry policy",
        [ended(0.2, 0.8)] * 12,
        [STRESSED] * 12,
        REPORT,
    ),
    Situation(
        "a type that fails by design in seven of ten runs",
        [ended(3, 7)] * 20,
        [STRESSED, *[HAPPY] * 19],
        usual=ended(3, 7),
    ),
)


def queue(name: str = "orders", kind: QueueKind = QueueKind.ACTIVITY, **facts: object) -> Snapshot:
    return snapshot(queues=[queue_facts(name, kind, last_poll=START, **facts)])


def queue_cause(name: str = "orders") -> Cause:
    return Cause(kind=CauseKind.QUEUE, name=f"default/{name}")


TENANT = "tenant-6f1c9b1e-1111-4222-8333-123456789abc-orders"
BUSY = {
    "backlog": 3,
    "backlog_age_seconds": 1200.0,
    "add_rate": 0.0,
    "dispatch_rate": 0.0,
    "pollers": 1,
}
OLD_VERSION = VersionBacklog(
    version="shop:1", backlog=3659, age_seconds=3993 * 3600.0, dispatch_rate=0.4
)
# Tasks pinned to an old version; the server's own sum hides them behind the new one.
TWO_VERSIONS: dict[str, object] = {
    "backlog": 3659,
    "backlog_age_seconds": 3993 * 3600.0,
    "add_rate": 4.0,
    "dispatch_rate": 4.0,
    "pollers": 6,
    "last_poll": START,
    "current_version": "shop:2",
    "polled_versions": ("shop:2",),
    "versions": (OLD_VERSION,),
}
LEFT = START - timedelta(seconds=90)


def silent_workers(
    kind: QueueKind = QueueKind.WORKFLOW, *, polled: float, **changes: object
) -> Snapshot:
    """The last poll was `polled` seconds ago; the server's rates still have what was before."""
    usual = {"backlog": 20, "add_rate": 1.7, "dispatch_rate": 1.3}
    last = START - timedelta(seconds=polled)
    return snapshot(queues=[queue_facts("orders", kind, last_poll=last, **(usual | changes))])


def two_versions(**changes: object) -> Snapshot:
    return snapshot(queues=[queue_facts("orders", QueueKind.ACTIVITY, **(TWO_VERSIONS | changes))])


QUEUES = (
    Situation(
        "a backlog of hours leaves more slowly than it arrives",
        [
            queue(
                backlog=48_000,
                backlog_age_seconds=7200.0,
                add_rate=40.0,
                dispatch_rate=0.04,
                pollers=1,
            )
        ]
        * 3,
        [STRESSED] * 3,
        queue_cause(),
    ),
    Situation(
        "workflow tasks wait for a dozen seconds, and two of 200 slots are free",
        [
            snapshot(
                changes={
                    S.WORKFLOW_SCHEDULE_TO_START_P95: 12_000,
                    S.WORKFLOW_SLOTS_AVAILABLE: 2,
                    S.WORKFLOW_SLOTS_USED: 198,
                },
                queues=[
                    queue_facts(
                        backlog=2000, backlog_age_seconds=12.0, add_rate=170.0, dispatch_rate=170.0
                    )
                ],
            )
        ]
        * 3,
        [STRESSED] * 3,
        queue_cause(),
    ),
    Situation(
        "3,000 tasks drain in minutes",
        [queue(backlog=3000, backlog_age_seconds=90.0, add_rate=0.0, dispatch_rate=20.0)] * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "workers that took tasks all the time have stopped a moment ago",
        [silent_workers(polled=12, backlog_age_seconds=11.0)] * 3,
        [STRESSED] * 3,
        queue_cause(),
    ),
    Situation(
        "a task is late on a queue whose workers poll",
        [silent_workers(polled=2, backlog_age_seconds=11.0)] * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "workers restart within seconds",
        [silent_workers(polled=8, backlog_age_seconds=7.5)] * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "a worker that seldom has a task polls for a minute at a time",
        [silent_workers(polled=50, backlog_age_seconds=9.0, dispatch_rate=0.1)] * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "activities take all slots of their workers for a while",
        [silent_workers(QueueKind.ACTIVITY, polled=12, backlog_age_seconds=11.0)] * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "a queue with a tenant's id in its name has no workers",
        [snapshot(queues=[starved_queue(TENANT)])] * 3,
        [STRESSED] * 3,
        queue_cause(TENANT),
    ),
    Situation(
        "a queue that its users limit",
        [
            queue(
                backlog=12,
                backlog_age_seconds=400.0,
                add_rate=0.02,
                dispatch_rate=0.0,
                pollers=5,
                rate_limit=0.02,
            )
        ]
        * 3,
        [HAPPY] * 3,
        notices=[RuleName.LIMITED_QUEUE],
    ),
    Situation(
        "all slots of a batch worker are busy, by its own metrics",
        [
            snapshot(
                cycle_time(8),
                changes={S.ACTIVITY_SLOTS_AVAILABLE: 0, S.ACTIVITY_SLOTS_USED: 20},
                queues=[queue_facts("orders", QueueKind.ACTIVITY, last_poll=START, **BUSY)],
            )
        ]
        * 3,
        [HAPPY] * 3,
        notices=[RuleName.BUSY_WORKERS],
    ),
    Situation(
        "all slots are busy, and more tasks wait than these could take next",
        [
            snapshot(
                cycle_time(8),
                changes={S.ACTIVITY_SLOTS_AVAILABLE: 0, S.ACTIVITY_SLOTS_USED: 20},
                queues=[
                    queue_facts(
                        "orders",
                        QueueKind.ACTIVITY,
                        last_poll=START,
                        **{**BUSY, "backlog": 90, "add_rate": 1.0, "backlog_age_seconds": 90.0},
                    )
                ],
            )
        ]
        * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.QUEUE, name="default/orders"),
    ),
    Situation(
        "new tasks go to a version that nobody polls",
        [
            queue(
                backlog=40,
                backlog_age_seconds=60.0,
                add_rate=1.0,
                dispatch_rate=4.0,
                current_version="shop:2",
                polled_versions=("shop:1",),
            )
        ]
        * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.VERSION, name="default/orders shop:2"),
    ),
    Situation(
        "tasks wait for an old version that nobody polls, and the new one is served",
        [two_versions(version_polls={"shop:2": START})] * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.VERSION, name="default/orders shop:1"),
    ),
    Situation(
        "the workers of an old version have left a minute and a half ago",
        [two_versions(version_polls={"shop:1": LEFT, "shop:2": START})] * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.VERSION, name="default/orders shop:1"),
    ),
    Situation(
        "workers of an old version have polled a minute ago, and nothing leaves",
        [
            two_versions(
                versions=(OLD_VERSION.model_copy(update={"dispatch_rate": 0.0}),),
                version_polls={"shop:1": START - timedelta(seconds=60), "shop:2": START},
            )
        ]
        * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.VERSION, name="default/orders shop:1"),
    ),
    Situation(
        "an old version drains",
        [
            two_versions(
                backlog_age_seconds=20.0,
                dispatch_rate=60.0,
                versions=(OLD_VERSION.model_copy(update={"age_seconds": 20.0}),),
                version_polls={"shop:1": START, "shop:2": START},
            )
        ]
        * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "workers have a version, and none is current",
        [
            queue(
                backlog=40,
                backlog_age_seconds=60.0,
                add_rate=1.0,
                dispatch_rate=0.0,
                polled_versions=("shop:1",),
                version_polls={"shop:1": START},
            )
        ]
        * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.VERSION, name="default/orders unversioned"),
    ),
    Situation(
        "two versions, and nobody polls the queue at all",
        [two_versions(pollers=0, dispatch_rate=0.0)] * 3,
        [STRESSED] * 3,
        queue_cause("orders"),
    ),
)


def schedules(**facts: object) -> Snapshot:
    """The queue of Temporal's own workflows in the namespace."""
    own = queue_facts("temporal-sys-per-ns-tq", QueueKind.WORKFLOW, **facts)
    return snapshot().model_copy(update={"system_queues": (own,)})


SYSTEM = (
    Situation(
        "no worker runs the schedules of the namespace",
        [
            schedules(
                backlog=4,
                backlog_age_seconds=21.0,
                add_rate=0.22,
                dispatch_rate=0.06,
                last_poll=START - timedelta(seconds=20),
            )
        ]
        * 3,
        [STRESSED] * 3,
        queue_cause("temporal-sys-per-ns-tq: schedules"),
    ),
    Situation(
        "a namespace without schedules, whose worker is gone",
        [schedules(dispatch_rate=0.0, pollers=0)] * 3,
        [HAPPY] * 3,
    ),
    Situation(
        "Temporal's worker service restarts",
        [schedules(backlog=2, backlog_age_seconds=12.0, dispatch_rate=0.0, pollers=0)] * 2,
        [HAPPY] * 2,
    ),
    Situation(
        "thousands of schedules are due at midnight",
        [schedules(backlog=3000, backlog_age_seconds=60.0, dispatch_rate=40.0, last_poll=START)]
        * 2,
        [HAPPY] * 2,
    ),
)
NOBODYS = {"backlog": 12, "add_rate": 0.0, "dispatch_rate": 0.0, "pollers": 0}


def left(kind: QueueKind, age: float, needed: bool | None, **signals: float) -> Snapshot:
    """A queue without workers, to which nothing is added."""
    facts = queue_facts("orders", kind, backlog_age_seconds=age, needed=needed, **NOBODYS)
    return snapshot(changes={S(name): value for name, value in signals.items()}, queues=[facts])


LEFT_TASKS = (
    Situation(
        "tasks of workflows that were terminated",
        [left(QueueKind.WORKFLOW, 9000, needed=False)] * 3,
        [HAPPY] * 3,
        notices=[RuleName.LEFT_TASKS],
    ),
    Situation(
        "tasks that open workflows need",
        [left(QueueKind.WORKFLOW, 9000, needed=True)] * 3,
        [STRESSED] * 3,
        queue_cause(),
    ),
    Situation(
        "activity tasks of which nobody knows whether they are needed",
        [left(QueueKind.ACTIVITY, 9000, needed=None)] * 3,
        [STRESSED] * 3,
        queue_cause(),
    ),
    Situation(
        "tasks so young that visibility may not know their workflows",
        [left(QueueKind.WORKFLOW, 20, needed=False)] * 2,
        [STRESSED] * 2,
        queue_cause(),
    ),
    Situation(
        "tasks of workflows that visibility does not know, because it is late",
        [left(QueueKind.WORKFLOW, 200, needed=False, visibility_lag_p95=400)] * 2,
        [STRESSED] * 2,
        queue_cause(),
        notices=[RuleName.VISIBILITY_LAG],
    ),
)
PARTS = (
    Situation(
        "the visibility store is away",
        [snapshot(changes={S.VISIBILITY_ERROR_RATE: 9, S.VISIBILITY_REQUEST_RATE: 11})] * 5,
        [STRESSED] * 5,
        Cause(kind=CauseKind.VISIBILITY, name="visibility store"),
    ),
    Situation(
        "visibility catches up",
        [snapshot(changes={S.VISIBILITY_LAG_P95: 900})] * 5,
        [HAPPY] * 5,
        notices=[RuleName.VISIBILITY_LAG],
    ),
    Situation(
        "a dead database stops history and visibility, too",
        [
            snapshot(
                changes={
                    **SILENT,
                    S.PERSISTENCE_ERROR_RATE: 30,
                    S.PERSISTENCE_REQUEST_RATE: 31,
                    S.VISIBILITY_ERROR_RATE: 3,
                    S.VISIBILITY_REQUEST_RATE: 3,
                    S.FRONTEND_ERROR_RATE: 40,
                }
            )
        ]
        * 3,
        [STRESSED, STRESSED, CRITICAL],
        Cause(kind=CauseKind.PERSISTENCE, name="persistence"),
    ),
    Situation(
        "buckets are dropped by a relabel rule",
        [
            snapshot(
                changes={S.PERSISTENCE_LATENCY_P95: Reading.missing(Absence.NOT_A_NUMBER, "gone")}
            )
        ]
        * 2,
        [State.UNKNOWN] * 2,
        Cause(kind=CauseKind.SOURCE, name="persistence_latency_p95"),
    ),
)


def with_canary(cycle: Snapshot) -> Snapshot:
    probe = Probe(at=START, canary=CanaryReport(shards=4, passed=4))
    return cycle.model_copy(update={"probe": probe})


def surveyed(*answered: QueueFacts, late: Sequence[str] = ()) -> Snapshot:
    """A cluster whose queues in `late` were not described in time."""
    keys = (QueueKey(namespace="default", name=name, kind=QueueKind.WORKFLOW) for name in late)
    return snapshot(survey=QueueSurvey(queues=answered, unanswered=tuple(keys)))


ORDERS_LATE = surveyed(queue_facts("reports"), late=["orders"])
BACK_TO_BACK = surveyed(queue_facts("reports"), queue_facts("orders"))
STEADINESS = (
    Situation(
        "two replicas of a collector write each series",
        [with_metrics(HEALTHY, duplicates=("temporal-history history-0:9090",))] * 2,
        [HAPPY] * 2,
        notices=[RuleName.DUPLICATED_SERIES],
    ),
    Situation(
        "a relabel rule drops a third of the samples",
        [with_metrics(HEALTHY, dropped=(DroppedSamples(job="temporal-history", share=0.3),))] * 2,
        [HAPPY] * 2,
        notices=[RuleName.DROPPED_SAMPLES],
    ),
    Situation(
        "a few of many queues are described, and metrics tell that the others have no late tasks",
        [snapshot(survey=QueueSurvey(queues=(queue_facts(),), truncated=3000, round_cycles=20))]
        * 2,
        [HAPPY] * 2,
    ),
    Situation(
        "a few of many queues are described, and nothing is known of some others",
        [snapshot(survey=QueueSurvey(queues=(queue_facts(),), truncated=3000, unjudged=7))] * 2,
        [HAPPY] * 2,
        notices=[RuleName.QUEUES_LEFT_OUT],
    ),
    Situation(
        "child workflows end while others wait for days, and the canary passes",
        [with_canary(silent(0, 200))] * 20,
        [HAPPY] * 20,
        usual=running(0, 40, workflow_success_rate=0),
    ),
    Situation(
        "load returns after a pause with workflows that take minutes",
        [
            *[running(0, 0, workflow_success_rate=0)] * 3,
            *[running(9, 90, workflow_success_rate=0)] * 4,
            *[HEALTHY] * 3,
        ],
        [HAPPY] * 10,
    ),
    Situation(
        "a scrape of the frontend sees returning starts before history does",
        [running(0, 0), silent(9, None), HEALTHY],
        [HAPPY] * 3,
    ),
    Situation(
        "one description of a queue is late now and then",
        [ORDERS_LATE, BACK_TO_BACK] * 6,
        [HAPPY] * 12,
    ),
    Situation(
        "one description of a queue is late while another queue has no worker",
        [
            surveyed(starved_queue("emails"), late=["orders"]),
            surveyed(starved_queue("emails"), queue_facts("orders")),
        ]
        * 4,
        [STRESSED] * 8,
        queue_cause("emails"),
    ),
    Situation(
        "a queue that is not described any more",
        [ORDERS_LATE] * 3,
        [HAPPY, State.UNKNOWN, State.UNKNOWN],
        Cause(kind=CauseKind.SOURCE, name="default/orders (workflow)"),
    ),
    Situation(
        "no queue is described at all",
        [surveyed(late=["orders"])] * 2,
        [State.UNKNOWN] * 2,
        Cause(kind=CauseKind.SOURCE, name="default/orders (workflow)"),
    ),
    Situation(
        "a few workflow tasks are a little old after a spike",
        [
            queue(
                kind=QueueKind.WORKFLOW,
                backlog=5,
                backlog_age_seconds=20.0,
                add_rate=8.0,
                dispatch_rate=8.0,
            )
        ]
        * 2,
        [HAPPY] * 2,
    ),
)


def with_newest(observed: Snapshot, newest: dict[S, float]) -> Snapshot:
    return with_metrics(
        observed, newest={str(name): Reading.of(value) for name, value in newest.items()}
    )


def limited(newly_refused: float | None) -> Snapshot:
    load = NamespaceLoad(
        namespace="tenant", request_rate=410, refused_rate=390, newly_refused_rate=newly_refused
    )
    return with_metrics(HEALTHY, refusals=(load,))


FAILING_STORE = snapshot(changes={S.PERSISTENCE_ERROR_RATE: 400.0})
STORE_NOW = {S.PERSISTENCE_REQUEST_RATE: 1830.0}
SLOW_STORE = snapshot(changes={S.PERSISTENCE_LATENCY_P95: 900.0, S.UPDATE_LATENCY_P95: 4000.0})
HALF_FAIL = snapshot(changes={S.WORKFLOW_SUCCESS_RATE: 5.0, S.WORKFLOW_FAILED_RATE: 4.0})
PERSISTENCE = Cause(kind=CauseKind.PERSISTENCE, name="persistence")

ENDINGS = (
    Situation(
        "errors of the database have ended, although the window still has them",
        [
            with_newest(FAILING_STORE, {S.PERSISTENCE_ERROR_RATE: 900.0, **STORE_NOW}),
            *[with_newest(FAILING_STORE, {S.PERSISTENCE_ERROR_RATE: 0.0, **STORE_NOW})] * 4,
        ],
        [STRESSED, STRESSED, *[HAPPY] * 3],
    ),
    Situation(
        "a namespace's limit was raised, and the window still has what was refused",
        [limited(newly_refused=390.0)] * 2 + [limited(newly_refused=0.0)] * 3,
        [*[STRESSED] * 3, HAPPY, HAPPY],
    ),
    Situation(
        "whether a limit still refuses requests is not known",
        [limited(newly_refused=None)] * 3,
        [STRESSED] * 3,
        Cause(kind=CauseKind.NAMESPACE, name="tenant"),
    ),
    Situation(
        "a few errors of the database go on",
        [with_newest(FAILING_STORE, {S.PERSISTENCE_ERROR_RATE: 30.0, **STORE_NOW})] * 3,
        [STRESSED] * 3,
        PERSISTENCE,
    ),
    Situation(
        "the newest scrapes are missing",
        [FAILING_STORE, with_newest(FAILING_STORE, STORE_NOW)] * 2,
        [STRESSED] * 4,
        PERSISTENCE,
    ),
    Situation(
        "the database was slow for minutes and is fast again",
        [
            *[with_newest(SLOW_STORE, {S.PERSISTENCE_LATENCY_P95: 900.0})] * 3,
            *[with_newest(SLOW_STORE, {S.PERSISTENCE_LATENCY_P95: 9.0, S.UPDATE_LATENCY_P95: 30.0})]
            * 3,
        ],
        [*[STRESSED] * 4, HAPPY, HAPPY],
    ),
    Situation(
        "workflows that failed succeed again",
        [
            *[with_newest(HALF_FAIL, {S.WORKFLOW_SUCCESS_RATE: 5.0, S.WORKFLOW_FAILED_RATE: 5.0})]
            * 2,
            *[with_newest(HALF_FAIL, {S.WORKFLOW_SUCCESS_RATE: 9.0, S.WORKFLOW_FAILED_RATE: 0.0})]
            * 3,
        ],
        [*[STRESSED] * 3, HAPPY, HAPPY],
    ),
    Situation(
        "workflows that failed do not end at all",
        [with_newest(HALF_FAIL, {S.WORKFLOW_SUCCESS_RATE: 0.0, S.WORKFLOW_FAILED_RATE: 0.0})] * 3,
        [STRESSED] * 3,
    ),
)
SITUATIONS = (
    *INSTANCES,
    *SLOW_SCRAPES,
    *PROGRESS,
    *FAILURES,
    *QUEUES,
    *SYSTEM,
    *PARTS,
    *STEADINESS,
    *ENDINGS,
)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_a_situation_of_the_field_gets_the_right_answer(situation: Situation) -> None:
    require_right_answer(situation)


def test_names_of_situations_are_unique() -> None:
    names = sorted(situation.name for situation in SITUATIONS)
    assert all(one != other for one, other in pairwise(names))
