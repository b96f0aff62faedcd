"""What one cycle saw: readings of signals, target states and task queues, at one time."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FiniteFloat,
    model_validator,
)


class Frozen(BaseModel):
    """An immutable model; fields of a newer writer are ignored, so that old code can read."""

    model_config = ConfigDict(frozen=True)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


class Absence(StrEnum):
    """Why a reading has no value. Only `NO_OBSERVATIONS` lets a gate pass."""

    NO_OBSERVATIONS = "no_observations"  # a quantile over nothing: its `_count` rate is 0
    NO_SERIES = "no_series"
    NOT_EXPORTED = "not_exported"  # nobody here exports it, and nobody need: see Condition
    STALE = "stale"
    NOT_A_NUMBER = "not_a_number"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    SERVER_ERROR = "server_error"
    BAD_ANSWER = "bad_answer"


class Reading(Frozen):
    """A finite number, or the reason why there is none; never both, never neither."""

    value: FiniteFloat | None = None
    absence: Absence | None = None
    detail: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.absence is None):
            raise ValueError("a reading has either a value or an absence")
        return self

    @classmethod
    def of(cls, value: float) -> Self:
        return cls(value=value)

    @classmethod
    def missing(cls, absence: Absence, detail: str = "") -> Self:
        return cls(absence=absence, detail=detail)

    @property
    def is_missing(self) -> bool:
        """True when the value is unknown; "no observations" is knowledge, not a gap."""
        return self.absence not in (None, Absence.NO_OBSERVATIONS)


class QueueKind(StrEnum):
    WORKFLOW = "workflow"
    ACTIVITY = "activity"


class QueueKey(Frozen):
    """One task queue of one kind in one namespace of the monitored cluster."""

    namespace: str
    name: str
    kind: QueueKind


class QueueFacts(Frozen):
    """One answer of DescribeTaskQueue; rates are tasks a second over the server's own window."""

    key: QueueKey
    backlog: int
    backlog_age_seconds: FiniteFloat
    add_rate: FiniteFloat
    dispatch_rate: FiniteFloat
    pollers: int
    last_poll: UtcDatetime | None = None


class QueueSurvey(Frozen):
    """All queues asked in a cycle. `absence` set: the frontend could not be asked at all."""

    queues: tuple[QueueFacts, ...] = ()
    unanswered: tuple[QueueKey, ...] = ()
    truncated: int = 0
    absence: Absence | None = None
    detail: str = ""


class WorkflowOutcome(Frozen):
    """Completions a second of one workflow type on one queue, for naming who fails."""

    namespace: str
    task_queue: str
    workflow_type: str
    success_rate: FiniteFloat
    failed_rate: FiniteFloat


class Measurement(Frozen):
    """What the metrics store answered in one cycle.

    `readings` has one entry a signal of the catalogue. `targets` has one entry a role of the
    cluster (`frontend`, `history`, `matching`, `worker`): the lowest `up` of its instances, 1 or
    0, or why it is not known. `source_absence` is set when the store itself could not be asked;
    every reading is then missing for that reason. `active_queues` are the queues that the
    server's own series name.
    """

    readings: dict[str, Reading]
    targets: dict[str, Reading]
    outcomes: tuple[WorkflowOutcome, ...] = ()
    active_queues: tuple[QueueKey, ...] = ()
    source_absence: Absence | None = None
    source_detail: str = ""


class LogCount(Frozen):
    """How often one service logged lines of one known pattern."""

    pattern: str
    service: str
    count: int


class LogSurvey(Frozen):
    """The known patterns counted in (start, end]; consecutive cycles meet and do not overlap.

    `counts` has only what was found. `unanswered` are patterns whose question failed. `absence`
    set: no logs could be read at all.
    """

    start: UtcDatetime
    end: UtcDatetime
    counts: tuple[LogCount, ...] = ()
    unanswered: tuple[str, ...] = ()
    absence: Absence | None = None
    detail: str = ""


class Snapshot(Frozen):
    """Everything that one cycle saw, at one time. `logs` is None where no Loki is set."""

    cluster: str
    at: UtcDatetime
    metrics: Measurement
    queues: QueueSurvey
    logs: LogSurvey | None = None
