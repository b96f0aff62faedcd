"""What one cycle collected: readings of signals, states of targets, task queues, log counts."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from copilot.signals.roles import Role


class Frozen(BaseModel):
    """An immutable model that ignores unknown fields, so that old code can read newer data."""

    model_config = ConfigDict(frozen=True)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


class Absence(StrEnum):
    """Why a reading has no value. Only `NO_OBSERVATIONS` lets a rule pass."""

    NO_OBSERVATIONS = "no_observations"  # a quantile over nothing: its `_count` rate is 0
    NO_SERIES = "no_series"
    NOT_EXPORTED = "not_exported"  # this cluster need not export it: see Condition
    STALE = "stale"
    NOT_A_NUMBER = "not_a_number"
    REFUSED = "refused"
    DENIED = "denied"  # credentials or a certificate, of either side, are missing or wrong
    TIMED_OUT = "timed_out"
    SERVER_ERROR = "server_error"
    BAD_ANSWER = "bad_answer"


class Reading(Frozen):
    """Either a finite number or the reason why there is none."""

    value: FiniteFloat | None = None
    absence: Absence | None = None
    detail: str = ""

    @model_validator(mode="after")
    def _value_or_absence(self) -> Self:
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
        """True when the value is unknown, which it is not after "no observations"."""
        return self.absence not in (None, Absence.NO_OBSERVATIONS)


class QueueKind(StrEnum):
    WORKFLOW = "workflow"
    ACTIVITY = "activity"


class QueueKey(Frozen):
    """One task queue of one kind in one namespace of the monitored cluster."""

    namespace: str
    name: str
    kind: QueueKind

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def label(self) -> str:
        return f"{self.full_name} ({self.kind})"


class VersionBacklog(Frozen):
    """Tasks on a queue that wait for workers of one version, `deployment:build`."""

    version: str
    backlog: int
    age_seconds: FiniteFloat
    dispatch_rate: FiniteFloat


UNVERSIONED = "unversioned"
LATE_SECONDS = 5.0
"""Tasks may wait so long for workers that are busy; below the rules' limit for a task's age."""


class QueueFacts(Frozen):
    """One answer of DescribeTaskQueue; rates are tasks a second over the server's own window."""

    key: QueueKey
    backlog: int
    backlog_age_seconds: FiniteFloat
    add_rate: FiniteFloat
    dispatch_rate: FiniteFloat
    pollers: int
    last_poll: UtcDatetime | None = None
    rate_limit: FiniteFloat | None = None
    """Tasks a second to which users limit the queue; None without such a limit."""
    current_version: str = ""
    """The worker version to which new tasks go, `deployment:build`; empty without one."""
    polled_versions: tuple[str, ...] | None = None
    """Versions that pollers have; None in snapshots of earlier versions."""
    version_polls: dict[str, UtcDatetime] = Field(default_factory=dict)
    """The last poll of each version, also of workers that are `UNVERSIONED`."""
    versions: tuple[VersionBacklog, ...] = ()
    """Where a polled queue has late tasks: the backlogs of its versions, as far as they are known.
    """
    needed: bool | None = None
    """Whether an open workflow needs the tasks that wait; None where that is not known."""

    @property
    def is_late(self) -> bool:
        """Whether tasks wait for longer than busy workers need."""
        return self.backlog > 0 and self.backlog_age_seconds > LATE_SECONDS

    @property
    def task_rate(self) -> float:
        """Tasks a second that arrive or leave."""
        return self.add_rate + self.dispatch_rate

    @property
    def is_in_use(self) -> bool:
        """Whether anything polls the queue, waits there, arrives or leaves."""
        return bool(self.pollers or self.backlog or self.task_rate)


class QueueSurvey(Frozen):
    """The task queues of a cycle. `absence` is set when the frontend did not answer at all.

    `unanswered` are queues without an answer, `truncated` counts queues that were not asked: over
    the limit, or known only by a name that a style has rewritten. `suspected_left_out` counts those
    of them with late tasks by the metrics or when they were last asked, `unjudged` others without
    metrics. Of the queues over the limit each one's turn comes once in `round_cycles`; `until` is
    the last one in turn, None where all are asked.
    """

    queues: tuple[QueueFacts, ...] = ()
    unanswered: tuple[QueueKey, ...] = ()
    truncated: int = 0
    suspected_left_out: int = 0
    unjudged: int = 0
    round_cycles: int = 1
    until: QueueKey | None = None
    absence: Absence | None = None
    detail: str = ""


class WorkflowOutcome(Frozen):
    """Completions a second of one workflow type on one queue."""

    namespace: str
    task_queue: str
    workflow_type: str
    success_rate: FiniteFloat
    failed_rate: FiniteFloat


class NamespaceLoad(Frozen):
    """Requests a second of one namespace at the frontend, and how many a limit refused.

    `newly_refused_rate` is that of the newest scrapes; None where it is not known.
    """

    namespace: str
    request_rate: FiniteFloat
    refused_rate: FiniteFloat
    newly_refused_rate: FiniteFloat | None = None


class TaskFailures(Frozen):
    """Workflow tasks of one namespace that fail for one reason, a second over the long window."""

    namespace: str
    reason: str
    rate: FiniteFloat


class DeadLetters(Frozen):
    """Tasks of one category put into the dead letter queue in the long window."""

    category: str
    written: FiniteFloat


class StoreErrors(Frozen):
    """Calls to the store that fail with one type of error, a second."""

    error_type: str
    rate: FiniteFloat


class SizeKind(StrEnum):
    """Sizes of workflows that the server limits."""

    HISTORY_EVENTS = "history_events"
    HISTORY_BYTES = "history_bytes"
    PAYLOAD_BYTES = "payload_bytes"
    STATE_BYTES = "state_bytes"  # what the server keeps of a workflow beside its history


class LargestSize(Frozen):
    """The largest in one namespace in the long window, rounded up to a bound of its histogram."""

    kind: SizeKind
    namespace: str
    size: FiniteFloat


class OversizedRequests(Frozen):
    """How many requests were refused for the size of a payload in the long window."""

    namespace: str
    operation: str
    count: FiniteFloat


class OwnedShards(Frozen):
    """History shards of one instance, by the label of its scrapes that names an instance."""

    instance: str
    shards: FiniteFloat


class RoleCalls(Frozen):
    """Calls of other services to a role, a second; `unavailable_rate` found nobody who answers."""

    role: str
    rate: FiniteFloat
    unavailable_rate: FiniteFloat


class Instance(Frozen):
    """One process of a role, by the label of its scrapes that names an instance.

    `answers` is whether it answers when it is asked directly, which it is when its scrapes fail;
    None where that is not known. `address` is the host:port that is scraped; empty where the name
    is that.
    """

    name: str
    up: bool
    answers: bool | None = None
    address: str = ""

    @property
    def asked_at(self) -> str:
        """Where the process can be asked directly."""
        return self.address or self.name

    @property
    def is_down(self) -> bool:
        return not self.up and not self.answers

    @property
    def is_unscraped(self) -> bool:
        """It runs, but its metrics are missing."""
        return not self.up and bool(self.answers)


class InstanceRoles(Frozen):
    """The roles that the series of an instance told, whose scrapes' labels do not tell them.

    `label` is the value of the label that tells roles elsewhere, `name` the instance's.
    """

    label: str
    name: str
    roles: tuple[Role, ...]


class DroppedSamples(Frozen):
    """The share of the samples of a scrape job that are read and not kept."""

    job: str
    share: FiniteFloat


class Measurement(Frozen):
    """The answers of the metrics store in one cycle.

    `newest` has some readings over the newest scrapes alone; empty where one of these is missing.

    `readings` has one entry a signal of the catalogue. `targets` has one entry a role of the
    cluster (`frontend`, `history`, `matching`, `worker`): the highest `up` of its instances, 1 or
    0, or why it is not known, as where none is up but one answers. `instances` are the role's, as
    far as they are scraped now; empty in snapshots of earlier versions. `learned_roles` are for the
    next cycle, which another worker may collect. `source_absence` is set
    when the store itself did not answer; every reading is then missing for that reason.
    `active_queues` are the queues in the server's own series; `suspected_queues` and
    `suspected_namespaces` have late tasks by them, the latter tasks of Temporal's own workflows.
    They choose what is asked, and are left out of JSON: a large cluster has thousands of queues.
    `queues_absence` is why it is not known which queues have late tasks.
    `duplicates` are instances whose series the store has several times, `dropped` are jobs of which
    not all samples are kept. `identities` are the values of a label that tells clusters apart, as
    matchers, where the instances of one role have several.
    """

    readings: dict[str, Reading]
    newest: dict[str, Reading] = Field(default_factory=dict)
    targets: dict[str, Reading]
    instances: dict[str, tuple[Instance, ...]] = Field(default_factory=dict)
    learned_roles: tuple[InstanceRoles, ...] = ()
    outcomes: tuple[WorkflowOutcome, ...] = ()
    active_queues: tuple[QueueKey, ...] = Field((), exclude=True)
    suspected_queues: tuple[QueueKey, ...] = Field((), exclude=True)
    suspected_namespaces: tuple[str, ...] = Field((), exclude=True)
    queues_absence: Absence | None = Field(None, exclude=True)
    duplicates: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    dropped: tuple[DroppedSamples, ...] = ()
    refusals: tuple[NamespaceLoad, ...] = ()
    task_failures: tuple[TaskFailures, ...] = ()
    dead_letters: tuple[DeadLetters, ...] = ()
    store_errors: tuple[StoreErrors, ...] = ()
    owned_shards: tuple[OwnedShards, ...] = ()
    role_calls: tuple[RoleCalls, ...] = ()
    oversized: tuple[OversizedRequests, ...] = ()
    largest: tuple[LargestSize, ...] = ()
    source_absence: Absence | None = None
    source_detail: str = ""


class LogCount(Frozen):
    """How many lines of one known pattern a service logged."""

    pattern: str
    service: str
    count: int


class LogSurvey(Frozen):
    """The known patterns counted in (start, end]; consecutive cycles meet and do not overlap.

    `counts` are above 0. `unanswered` are patterns whose query failed. `silent_seconds` is set when
    no line of the cluster arrived for so long: then no count says anything. `absence` is set when
    no logs could be read at all.
    """

    start: UtcDatetime
    end: UtcDatetime
    counts: tuple[LogCount, ...] = ()
    silent_seconds: int | None = None
    unanswered: tuple[str, ...] = ()
    absence: Absence | None = None
    detail: str = ""


class CanaryStep(StrEnum):
    """What a canary's workflow goes through, in this order; the look-up in visibility is last."""

    START = "start"
    WORKFLOW_TASK = "workflow_task"
    TIMER = "timer"
    ACTIVITY = "activity"
    COMPLETION = "completion"
    VISIBILITY = "visibility"


class LateCanary(Frozen):
    """A canary that has not come back, the shard it is in, and the step it waits for."""

    shard: int
    step: CanaryStep
    seconds: FiniteFloat
    detail: str = ""


class CanaryReport(Frozen):
    """The Copilot's own workflows on the monitored cluster, since the cycle before.

    `shards` is the cluster's number of history shards, `passed` counts canaries that came back;
    `fails` is True when none comes back any more, on whatever shard. `steps` has the seconds of
    each step, of the slowest canary. `visibility` says why a workflow was not found in visibility.
    `problem` says why no canary can run: the cluster refuses it, or the Copilot's own worker fails;
    it says nothing about the cluster's health.
    """

    shards: int = 0
    passed: int = 0
    late: tuple[LateCanary, ...] = ()
    fails: bool = False
    steps: dict[CanaryStep, FiniteFloat] = Field(default_factory=dict)
    visibility: str = ""
    problem: str = ""


class Probe(Frozen):
    """The last look at the cluster between two cycles, without its metrics.

    `frontend` says why the frontend does not answer, `store` why its calls that read the store
    fail while others are answered; both are empty when all is well. `store_seconds` is how
    long the last of those calls took; None: none was answered. `dead` are instances that
    answered before and refuse every connection now. `canary` is None where it is switched off.
    """

    at: UtcDatetime
    frontend: str = ""
    store: str = ""
    store_seconds: FiniteFloat | None = None
    dead: tuple[str, ...] = ()
    canary: CanaryReport | None = None


class EarlierCycle(Frozen):
    """One cycle of the same half hour of an earlier day; rates a second, of accepted starts."""

    at: UtcDatetime
    updates: FiniteFloat
    starts: FiniteFloat
    signals: FiniteFloat


class Snapshot(Frozen):
    """Everything that one cycle collected.

    `logs` is None where no Loki is set, `probe` when no look between the cycles came back.
    `open_workflows`, by visibility, is counted only while there is next to no progress.
    `shards` is how many history shards the frontend says that the cluster has, None where that is
    not known. `foreign_namespaces` are those that have completions by the metrics while the
    frontend says that they do not exist; empty where one of them exists.
    `system_queues` are Temporal's own, `earlier` is what happened in the same half hour of earlier
    days, as far as it is stored; both are empty in snapshots of earlier versions.
    """

    cluster: str
    at: UtcDatetime
    metrics: Measurement
    queues: QueueSurvey
    logs: LogSurvey | None = None
    probe: Probe | None = None
    open_workflows: int | None = None
    shards: int | None = None
    foreign_namespaces: tuple[str, ...] = ()
    system_queues: tuple[QueueFacts, ...] = ()
    earlier: tuple[EarlierCycle, ...] = ()
