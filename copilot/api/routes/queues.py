"""`/status/queues`: the task queues of the last cycle, starved ones first."""

from fastapi import APIRouter
from pydantic import FiniteFloat

from copilot.api.dependencies import AppContext, CurrentHealth
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.verdict import Verdict
from copilot.health.decision import Decision, Severity, Stage, State
from copilot.signals.queue import QueueFacts, QueueKey, QueueKind, QueueSurvey
from copilot.signals.reading import Absence, Frozen, UtcDatetime

router = APIRouter(prefix="/status", tags=["cycle"], responses=DATA_PROBLEMS)


class Queue(Frozen):
    """One task queue, by DescribeTaskQueue. Rates are tasks a second."""

    namespace: str
    name: str
    kind: QueueKind
    status: State
    backlog: int | None
    backlog_age_seconds: FiniteFloat | None
    add_rate: FiniteFloat | None
    dispatch_rate: FiniteFloat | None
    pollers: int | None
    last_poll: UtcDatetime | None


class Queues(Verdict):
    """`truncated` is the number of known queues that were not read; `absence` why none was.

    `suspected_left_out` of these have late tasks by the server's metrics, `unjudged` have no
    metrics. Each over the limit has its turn within `round_seconds`; null where none is.
    """

    queues: tuple[Queue, ...]
    truncated: int
    suspected_left_out: int
    unjudged: int
    round_seconds: FiniteFloat | None
    absence: Absence | None
    detail: str


@router.get("/queues")
async def list_queues(health: CurrentHealth, context: AppContext) -> Queues:
    """Task queues: starved ones first, then those that could not be read, then by backlog."""
    verdict = health.verdict.model_dump()
    survey, queues = QueueSurvey(), list[Queue]()
    if health.record:
        survey = health.record.snapshot.queues
        statuses = _Statuses(health.record.decision, stale=health.verdict.stale)
        queues = [_described(facts, statuses.of(facts.key)) for facts in survey.queues]
        queues += [_undescribed(key) for key in survey.unanswered]
    rounds = survey.round_cycles
    return Queues(
        **verdict,
        queues=tuple(sorted(queues, key=_urgency)),
        truncated=survey.truncated,
        suspected_left_out=survey.suspected_left_out,
        unjudged=survey.unjudged,
        round_seconds=rounds * context.settings.cycle_seconds if rounds > 1 else None,
        absence=survey.absence,
        detail=survey.detail,
    )


class _Statuses:
    """The status of each queue by the rule for starved queues; unknown where it did not run."""

    def __init__(self, decision: Decision, *, stale: bool) -> None:
        results = [gate for gate in decision.gates if gate.stage is Stage.STARVED]
        self._is_known = bool(results) and not stale
        self._starved = {
            gate.subject for gate in results if gate.fired and gate.severity is not Severity.NOTICE
        }

    def of(self, key: QueueKey) -> State:
        if not self._is_known:
            return State.UNKNOWN
        subject = f"{key.namespace}/{key.name} ({key.kind})"
        return State.STRESSED if subject in self._starved else State.HAPPY


def _described(facts: QueueFacts, status: State) -> Queue:
    return Queue(**facts.key.model_dump(), **facts.model_dump(exclude={"key"}), status=status)


def _undescribed(key: QueueKey) -> Queue:
    return Queue(
        **key.model_dump(),
        status=State.UNKNOWN,
        backlog=None,
        backlog_age_seconds=None,
        add_rate=None,
        dispatch_rate=None,
        pollers=None,
        last_poll=None,
    )


def _urgency(queue: Queue) -> tuple[int, float, float, str, str, str]:
    order = (State.STRESSED, State.UNKNOWN, State.HAPPY)
    backlog, added = queue.backlog or 0, queue.add_rate or 0.0
    return order.index(queue.status), -backlog, -added, queue.namespace, queue.name, queue.kind
