"""Task queues as the frontend describes them."""

from enum import StrEnum

from pydantic import Field, FiniteFloat

from copilot.signals.reading import Absence, Frozen, UtcDatetime


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
