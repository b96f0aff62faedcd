"""The one object that API, page, alerts and explanations read: a verdict with its evidence."""

from enum import StrEnum
from typing import Literal

from pydantic import FiniteFloat

from copilot.signals.log_patterns import LogSeverity
from copilot.signals.snapshot import Absence, Frozen, UtcDatetime


class State(StrEnum):
    UNKNOWN = "unknown"
    HAPPY = "happy"
    STRESSED = "stressed"
    CRITICAL = "critical"


class Band(StrEnum):
    """Size of the cluster's usual demand, in workflow updates a second: < 50, < 500, more."""

    STARTER = "starter"
    MID_SCALE = "mid_scale"
    HIGH_THROUGHPUT = "high_throughput"


class Stage(StrEnum):
    """Why a gate matters, in the order in which gates are read."""

    NO_VIEW = "no_view"
    DOWN = "down"
    STUCK = "stuck"
    FAILING = "failing"
    STARVED = "starved"
    PRESSURE = "pressure"


class Severity(StrEnum):
    """What a fired gate asks for. `CRITICAL` counts as stressed until its third cycle in a row."""

    BLIND = "blind"
    CRITICAL = "critical"
    STRESSED = "stressed"


class GateName(StrEnum):
    VIEW = "view"
    SERVICE_DOWN = "service_down"
    NO_PROGRESS = "no_progress"
    NO_TASK_PROCESSING = "no_task_processing"
    HISTORY_STUCK = "history_stuck"
    PERSISTENCE_ERRORS = "persistence_errors"
    COMPLETIONS = "completions"
    STARVED_QUEUE = "starved_queue"
    HISTORY_LAG = "history_lag"
    PERSISTENCE_LATENCY = "persistence_latency"
    UPDATE_LATENCY = "update_latency"
    FRONTEND_LATENCY = "frontend_latency"
    FRONTEND_ERRORS = "frontend_errors"
    SHARD_CHURN = "shard_churn"
    PROGRESS_DROP = "progress_drop"


class CauseKind(StrEnum):
    SOURCE = "source"  # what cannot be seen: a metrics store, a scrape, a signal
    SERVICE = "service"  # a Temporal role
    PERSISTENCE = "persistence"
    QUEUE = "queue"  # "namespace/name"
    WORKFLOW_TYPE = "workflow_type"
    SHARDS = "shards"


class Bottleneck(StrEnum):
    """What limits the cluster; it explains a verdict and decides nothing."""

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


class Gate(Frozen):
    """One rule as it was applied: what was observed, against which limit, and whether it fired.

    `observed` is None when the reading was absent; `absence` then says why. `subject` tells
    gates of the same name apart (a role, a queue).
    """

    name: GateName
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
        """True when its reading is missing, so that it may hide a reason to fire."""
        return self.absence not in (None, Absence.NO_OBSERVATIONS)


class Memory(Frozen):
    """What a cycle hands to the next; all that a restart must keep.

    `standing` is the last state other than unknown. Counters are cycles in a row: `critical_run`
    with a critical gate fired, `below_critical_run` without one, `clear_run` with none at all.
    An unknown cycle changes no counter. `update_rates` and `demand_rates` are the trailing
    updates and requested starts a second, one entry a cycle, oldest first, for band and drop gates.
    """

    state: State = State.UNKNOWN
    standing: State | None = None
    band: Band | None = None
    cycle: int = 0
    critical_run: int = 0
    below_critical_run: int = 0
    clear_run: int = 0
    update_rates: tuple[FiniteFloat, ...] = ()
    demand_rates: tuple[FiniteFloat, ...] = ()
    roles_seen: tuple[str, ...] = ()


class Decision(Frozen):
    """One cycle's verdict. `gates` holds every gate that was read, fired or not.

    State and causes follow from the gates alone. `bottleneck`, with its reasons, and
    `log_patterns` only explain; `logs_missing` says in a sentence why no logs are among the
    evidence, and is empty when they are.
    """

    cluster: str
    at: UtcDatetime
    cycle: int
    state: State
    previous_state: State
    band: Band | None
    idle: bool
    gates: tuple[Gate, ...]
    causes: tuple[Cause, ...]
    bottleneck: Bottleneck = Bottleneck.NONE
    bottleneck_reasons: tuple[str, ...] = ()
    log_patterns: tuple[LogPattern, ...] = ()
    logs_missing: str = ""
    memory: Memory

    @property
    def fired(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates if gate.fired)

    @property
    def changed(self) -> bool:
        return self.state != self.previous_state
