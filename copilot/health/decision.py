"""The one object that API, page, alerts and explanations read: a verdict with its evidence.

Stored JSON and the API call a rule's result a *gate*, and the scale tier a *band*; so the fields
`gates` and `band` keep these names.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import Field, FiniteFloat

from copilot.signals.log_patterns import LogSeverity
from copilot.signals.reading import Absence, Frozen, UtcDatetime


class State(StrEnum):
    UNKNOWN = "unknown"
    HAPPY = "happy"
    STRESSED = "stressed"
    CRITICAL = "critical"


class ScaleTier(StrEnum):
    """Size of the cluster by its usual workflow updates a second: under 50, under 500, more."""

    STARTER = "starter"
    MID_SCALE = "mid_scale"
    HIGH_THROUGHPUT = "high_throughput"


class Stage(StrEnum):
    """The groups of rules, in the order of evaluation."""

    NO_VIEW = "no_view"
    DOWN = "down"
    STUCK = "stuck"
    FAILING = "failing"
    STARVED = "starved"
    PRESSURE = "pressure"


class Severity(StrEnum):
    """The state that a fired rule leads to; critical only from its third cycle in a row.

    A notice is worth reading and changes no state.
    """

    BLIND = "blind"
    CRITICAL = "critical"
    STRESSED = "stressed"
    NOTICE = "notice"


class RuleName(StrEnum):
    VIEW = "view"
    SERVICE_DOWN = "service_down"
    INSTANCES_DOWN = "instances_down"
    INSTANCES_UNSCRAPED = "instances_unscraped"
    MEMBERSHIP = "membership"
    NO_PROGRESS = "no_progress"
    PROGRESS_GONE = "progress_gone"
    NO_TASK_PROCESSING = "no_task_processing"
    HISTORY_STUCK = "history_stuck"
    FRONTEND_SILENT = "frontend_silent"
    STORE_SILENT = "store_silent"
    CANARY_LOST = "canary_lost"
    SHARD_STUCK = "shard_stuck"
    CANARY_NOT_LISTED = "canary_not_listed"
    CANARY_UNABLE = "canary_unable"
    PERSISTENCE_ERRORS = "persistence_errors"
    STORE_WRITES = "store_writes"
    VISIBILITY_ERRORS = "visibility_errors"
    COMPLETIONS = "completions"
    COMPLETIONS_GONE = "completions_gone"
    FAILING_TYPE = "failing_type"
    TASK_FAILURES = "task_failures"
    SIZE_LIMIT = "size_limit"
    DEAD_LETTERS = "dead_letters"
    NAMESPACE_LIMIT = "namespace_limit"
    STARVED_QUEUE = "starved_queue"
    SLOW_QUEUE = "slow_queue"
    LIMITED_QUEUE = "limited_queue"
    BUSY_WORKERS = "busy_workers"
    VERSION_UNPOLLED = "version_unpolled"
    SYSTEM_QUEUE = "system_queue"
    LEFT_TASKS = "left_tasks"
    QUEUES_LEFT_OUT = "queues_left_out"
    VISIBILITY_LAG = "visibility_lag"
    HISTORY_LAG = "history_lag"
    PERSISTENCE_LATENCY = "persistence_latency"
    UPDATE_LATENCY = "update_latency"
    FRONTEND_LATENCY = "frontend_latency"
    FRONTEND_ERRORS = "frontend_errors"
    SHARD_CHURN = "shard_churn"
    PROGRESS_DROP = "progress_drop"
    CRITICAL_LOG = "critical_log"
    DUPLICATED_SERIES = "duplicated_series"
    DROPPED_SAMPLES = "dropped_samples"


class CauseKind(StrEnum):
    SOURCE = "source"  # a metrics store, a scrape or a signal that cannot be read
    SERVICE = "service"  # a Temporal role
    PERSISTENCE = "persistence"
    VISIBILITY = "visibility"
    QUEUE = "queue"  # "namespace/name"
    WORKFLOW_TYPE = "workflow_type"
    SHARDS = "shards"
    NAMESPACE = "namespace"
    VERSION = "version"  # "namespace/queue deployment:build"


class Bottleneck(StrEnum):
    """What limits the cluster; explains a verdict and decides nothing."""

    NONE = "none"
    SERVER = "server"
    WORKER = "worker"
    MIXED = "mixed"


class LogPattern(Frozen):
    """A known pattern that a service logged `count` times since the last cycle."""

    name: str
    service: str
    severity: LogSeverity
    count: int
    meaning: str


class Cause(Frozen):
    kind: CauseKind
    name: str


class RuleResult(Frozen):
    """One limit applied to one reading: the observed value, the threshold, and whether it fired.

    `observed` is None when the reading was absent; `absence` is then the reason. `subject` (a role,
    a queue) distinguishes results of the same rule.
    """

    name: RuleName
    stage: Stage
    severity: Severity
    signal: str
    subject: str = ""
    fired: bool
    observed: FiniteFloat | None = None
    absence: Absence | None = None
    threshold: FiniteFloat | None = None
    fires_when: Literal["above", "below", "missing"]
    unit: str = ""
    detail: str = ""
    cause: Cause | None = None

    @property
    def unread(self) -> bool:
        """True when its reading is missing: the rule might have fired, and changed the state."""
        return self.is_missing and self.severity is not Severity.NOTICE

    @property
    def is_missing(self) -> bool:
        """True when it could not be applied, for its reading is missing."""
        return self.absence not in (None, Absence.NO_OBSERVATIONS)


def strongest(results: Iterable[RuleResult]) -> list[RuleResult]:
    """One result for each rule and subject: if two limits of a signal fired, of the higher one."""
    chosen: dict[tuple[str, str], RuleResult] = {}
    for result in results:
        chosen.setdefault((result.name, result.subject), result)
    return list(chosen.values())


def with_unit(value: float, unit: str) -> str:
    """The value as sentences show it."""
    if unit == "ratio":
        return f"{value:.1%}"
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
    return f"{number} {unit}".strip()


class FailingRun(Frozen):
    """Failures of one workflow type since its last success, and when the last one was seen."""

    count: FiniteFloat
    last: UtcDatetime


class BacklogCourse(Frozen):
    """Where the backlog of one queue was highest, and where it then was lowest; when it got there.

    It begins again where the backlog passes its highest.
    """

    highest: int
    highest_at: UtcDatetime
    lowest: int
    lowest_at: UtcDatetime


class Memory(Frozen):
    """State that one cycle passes to the next; all that a restart must restore.

    `standing` is the last state other than unknown. Counters are cycles in a row: `critical_run`
    with a critical rule fired, `below_critical_run` without one, `clear_run` with none at all. An
    unknown cycle changes no counter. `update_rates` and `demand_rates` are the trailing updates and
    requested starts a second, one entry a cycle, oldest first. `never_up` has the roles that were
    down in every scrape so far, each with the cycles in which this was seen. `half_down` has the
    roles of which half of the instances do not answer, each with its cycles in a row; `roles_down`
    are those of which none does.

    Demand is what was accepted. `signal_rates`, `completion_rates` and `completion_ratios` are
    trailing, too: what is usual. They are not extended while progress or completions are gone, for
    `unusual_run` cycles at most, so that a fault does not become usual. `failing_types` are
    workflow types without a success since their last failure. `unanswered_queues` has the queues
    that were not described, each with its cycles in a row. `writes_refused` are cycles in a row in
    which the store refused writes; `outside_ring` has what seems to be outside the ring of members,
    each with its cycles in a row. `backlogs` are the courses of queues on which tasks wait, and
    `dispatch_rates` what each queue's workers usually take a second. `at` is the time of the last
    cycle, `canary_passed` of the last in which a canary came back and none was late;
    `canary_seconds` is how long the slowest took that came back last.
    """

    state: State = State.UNKNOWN
    standing: State | None = None
    band: ScaleTier | None = None
    cycle: int = 0
    critical_run: int = 0
    below_critical_run: int = 0
    clear_run: int = 0
    update_rates: tuple[FiniteFloat, ...] = ()
    demand_rates: tuple[FiniteFloat, ...] = ()
    roles_seen: tuple[str, ...] = ()
    roles_down: tuple[str, ...] = ()
    never_up: dict[str, int] = Field(default_factory=dict)
    half_down: dict[str, int] = Field(default_factory=dict)
    signal_rates: tuple[FiniteFloat, ...] = ()
    completion_rates: tuple[FiniteFloat, ...] = ()
    completion_ratios: tuple[FiniteFloat, ...] = ()
    unusual_run: int = 0
    unanswered_queues: dict[str, int] = Field(default_factory=dict)
    writes_refused: int = 0
    outside_ring: dict[str, int] = Field(default_factory=dict)
    failing_types: dict[str, FailingRun] = Field(default_factory=dict)
    backlogs: dict[str, BacklogCourse] = Field(default_factory=dict)
    dispatch_rates: dict[str, FiniteFloat] = Field(default_factory=dict)
    at: UtcDatetime | None = None
    canary_passed: UtcDatetime | None = None
    canary_seconds: FiniteFloat = 0.0


class Decision(Frozen):
    """One cycle's verdict. `gates` are the results of all rules that were evaluated, fired or not.

    State and causes follow from them alone. `bottleneck`, its reasons and `log_patterns` only
    explain; `logs_missing` is a sentence on logs that could not be read, else empty.
    """

    cluster: str
    at: UtcDatetime
    cycle: int
    state: State
    previous_state: State
    band: ScaleTier | None
    idle: bool
    gates: tuple[RuleResult, ...]
    causes: tuple[Cause, ...]
    bottleneck: Bottleneck = Bottleneck.NONE
    bottleneck_reasons: tuple[str, ...] = ()
    log_patterns: tuple[LogPattern, ...] = ()
    logs_missing: str = ""
    memory: Memory

    @property
    def fired(self) -> tuple[RuleResult, ...]:
        """The fired rules that decide, in the order of the rules."""
        return tuple(r for r in self.gates if r.fired and r.severity is not Severity.NOTICE)

    @property
    def notices(self) -> tuple[RuleResult, ...]:
        """The fired rules that change no state."""
        return tuple(r for r in self.gates if r.fired and r.severity is Severity.NOTICE)

    @property
    def changed(self) -> bool:
        return self.state != self.previous_state
