"""What the routes answer: flat, typed, times in UTC, so that Grafana can select fields by name."""

from typing import Literal
from uuid import UUID

from pydantic import FiniteFloat

from copilot.explain.assessment import Depth, Trigger
from copilot.explain.explanation import Action, Citation, ExplainedBy, Issue
from copilot.health.decision import (
    Band,
    Bottleneck,
    Cause,
    GateName,
    LogPattern,
    Severity,
    Stage,
    State,
)
from copilot.signals.signal import Condition, Kind
from copilot.signals.snapshot import Absence, Frozen, QueueKind, UtcDatetime


class Problem(Frozen):
    """Why a request was not answered; `reason` is one line that says what to do."""

    error: str
    reason: str


class StoreProblem(Problem):
    """The store cannot be asked, so nothing is known of the cluster."""

    health_state: Literal[State.UNKNOWN] = State.UNKNOWN


class Process(Frozen):
    status: Literal["ok"] = "ok"


class Readiness(Frozen):
    """`reason` is empty when ready."""

    ready: bool
    reason: str = ""


class Verdict(Frozen):
    """The newest decision as it holds now; every answer about one cycle begins with it.

    `health_state` is `unknown` when the decision is older than three cycles (`stale`) or when
    there is none; `timestamp`, `data_age_seconds` and `cycle` are then those of the last decision,
    or null.
    """

    cluster: str
    health_state: State
    reason: str
    timestamp: UtcDatetime | None
    data_age_seconds: FiniteFloat | None
    cycle: int | None
    stale: bool


class SignalReading(Frozen):
    """One signal of the last cycle: a value in `unit`, or why there is none.

    `condition` other than `always` names where alone it is exported: `not_exported` is then as it
    should be.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    condition: Condition
    meaning: str
    value: FiniteFloat | None
    absence: Absence | None
    detail: str


class GateReading(Frozen):
    """One rule as it was applied. `missing` could not be read; it is not a pass."""

    name: GateName
    stage: Stage
    severity: Severity
    signal: str
    subject: str
    outcome: Literal["fired", "missing", "passed"]
    observed: FiniteFloat | None
    threshold: FiniteFloat | None
    fires_when: Literal["above", "below", "missing"]
    unit: str
    absence: Absence | None
    detail: str
    cause: Cause | None


class Status(Verdict):
    """`since` is when `health_state` began; `signals` has every value by name.

    `bottleneck`, `amplifiers` and `log_patterns` say why; gates decide by `primary_signals` and
    never by them. Patterns were counted since the cycle before, critical first; `logs_missing` is
    a sentence on those that could not be, or empty.
    """

    previous_state: State
    since: UtcDatetime | None
    scale_band: Band | None
    idle: bool
    causes: tuple[Cause, ...]
    issue_count: int
    recommended_actions: tuple[Action, ...]
    fired_gates: tuple[GateReading, ...]
    primary_signals: tuple[SignalReading, ...]
    bottleneck: Bottleneck
    bottleneck_reasons: tuple[str, ...]
    amplifiers: tuple[SignalReading, ...]
    signals: dict[str, FiniteFloat | None]
    log_patterns: tuple[LogPattern, ...]
    logs_missing: str


class Summary(Verdict):
    """`summary` explains the last decision; while `stale` it tells of the past.

    A model's words are of `assessed_at`, when the evidence was the same as now. `fallback_reason`
    says why a model did not explain, or what it had to do without.
    """

    summary: str
    explained_by: ExplainedBy | None
    assessed_at: UtcDatetime | None
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None
    fallback_reason: str
    citations: tuple[Citation, ...]


class Gates(Verdict):
    """Every gate that was read, in the order of the rules."""

    gates: tuple[GateReading, ...]


class Service(Frozen):
    """A Temporal role, or the persistence behind them; `up` is null when not known."""

    name: str
    status: State
    reason: str
    up: bool | None
    fired_gates: int
    key_signals: tuple[SignalReading, ...]


class Services(Verdict):
    services: tuple[Service, ...]


class Queue(Frozen):
    """One task queue as the server describes it. Rates are tasks a second."""

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
    """`truncated` is how many known queues were not asked; `absence` why none could be."""

    queues: tuple[Queue, ...]
    truncated: int
    absence: Absence | None
    detail: str


class DocumentEntry(Frozen):
    """A document of the corpus, at `/knowledge/{name}`."""

    name: str
    title: str


class Documents(Frozen):
    """By name."""

    documents: tuple[DocumentEntry, ...]


class IssueEntry(Frozen):
    """One thing that is or was wrong; open while `resolved_at` is null.

    `document` names what the corpus says of it; `narrative` is a model's view of it, if any.
    """

    id: UUID
    gate: str
    subject: str
    severity: Severity
    title: str
    description: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]
    document: str
    narrative: str
    opened_at: UtcDatetime
    last_seen_at: UtcDatetime
    resolved_at: UtcDatetime | None


class Issues(Verdict):
    """Newest first."""

    issues: tuple[IssueEntry, ...]


class AssessmentEntry(Frozen):
    """What was told of one cycle, at its time, on which fired gates, by whom, and what it took.

    `stored_at` is when the template's words were kept, which is before any model is asked.
    `failure` says why a model that was asked did not explain; `note` what else was missing.
    """

    id: UUID
    timestamp: UtcDatetime
    stored_at: UtcDatetime
    cycle: int
    trigger: Trigger
    health_state: State
    scale_band: Band | None
    causes: tuple[Cause, ...]
    fired_gates: tuple[GateReading, ...]
    bottleneck: Bottleneck
    bottleneck_reasons: tuple[str, ...]
    log_patterns: tuple[LogPattern, ...]
    logs_missing: str
    summary: str
    issues: tuple[Issue, ...]
    actions: tuple[Action, ...]
    citations: tuple[Citation, ...]
    depth: Depth
    explained_by: ExplainedBy
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None
    failure: str
    note: str


class Assessments(Frozen):
    """Newest first."""

    cluster: str
    assessments: tuple[AssessmentEntry, ...]


class ModelSpend(Frozen):
    """What models took, of all clusters together, and what they may take.

    `cost_usd_today` is null where a price is not known. `paused_until` is set while models that
    kept failing are left alone.
    """

    model: str
    deep_model: str
    calls_last_hour: int
    calls_per_hour: int
    tokens_today: int
    tokens_per_day: int
    cost_usd_today: FiniteFloat | None
    failures_in_a_row: int
    last_failure: str
    paused_until: UtcDatetime | None


class Change(Frozen):
    """A change of state, at the cycle that made it."""

    id: UUID
    timestamp: UtcDatetime
    cycle: int
    health_state: State
    previous_state: State
    scale_band: Band | None
    causes: tuple[Cause, ...]
    summary: str


class Gap(Frozen):
    """From one verdict's end of validity to the next verdict."""

    start: UtcDatetime
    end: UtcDatetime


class Timeline(Frozen):
    """Changes of state in [start, end), oldest first.

    `state_at_start` holds until the first change; unknown when nothing older is stored. In the
    time of each of `gaps` no verdict was made, so the state was unknown. `next_cursor`, given
    back as `cursor`, continues where this page ended; null on the last one.
    """

    cluster: str
    start: UtcDatetime
    end: UtcDatetime
    state_at_start: State
    timeline: tuple[Change, ...]
    gaps: tuple[Gap, ...]
    next_cursor: str | None
