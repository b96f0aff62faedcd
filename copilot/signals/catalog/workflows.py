"""Progress of users' workflows: updates, completions, and retention."""

from functools import partial

from copilot.signals.matchers import HISTORY, USER
from copilot.signals.queries import dimensionless, rate, rate_of_any, rate_of_observations
from copilot.signals.roles import Role
from copilot.signals.signal import RARE, Kind, Signal
from copilot.signals.signal_names import SignalName as S

_FIRST_RETENTION = "begins when the first workflow's retention ends"
_history_signal = partial(Signal, role=Role.HISTORY)


WORKFLOWS = (
    _history_signal(
        name=S.STATE_TRANSITIONS_RATE,
        number=1,
        title="Workflow updates",
        unit="updates/s",
        meaning="Progress: how often a user workflow's state is written.",
        # Not `_sum`: each write records the run's whole count so far.
        query=rate_of_observations(dimensionless("state_transition_count"), USER),
    ),
    _history_signal(
        name=S.WORKFLOW_SUCCESS_RATE,
        number=3,
        title="Workflows completed",
        unit="workflows/s",
        meaning="User workflows that returned a result.",
        query=rate("workflow_success", USER),
    ),
    _history_signal(
        name=S.WORKFLOW_FAILED_RATE,
        number=3,
        title="Workflows failed or timed out",
        unit="workflows/s",
        meaning="User workflows that ended in an error or ran out of time.",
        query=rate_of_any(
            "workflow_failed",
            "workflow_timeout",
            outcomes=("failed", "timeout"),
            where=USER,
        ),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.WORKFLOW_RETRY_RATE,
        number=3,
        title="Workflows retried",
        unit="workflows/s",
        meaning="Failed runs of user workflows that their retry policy starts again: no failures "
        "for good.",
        query=rate("workflow_backoff_timer", USER + ',backoff_type="Retry"'),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.WORKFLOW_TERMINATED_RATE,
        number=3,
        title="Workflows terminated",
        unit="workflows/s",
        meaning="User workflows that were terminated.",
        query=rate("workflow_terminate", USER),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.WORKFLOW_CANCELED_RATE,
        number=3,
        title="Workflows cancelled",
        unit="workflows/s",
        meaning="User workflows that ended after a cancellation request.",
        query=rate("workflow_cancel", USER),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.DELETION_RATE,
        title="Deletion tasks",
        unit="tasks/s",
        kind=Kind.SYSTEM,
        meaning="Retention at work: history tasks that delete ended workflows.",
        query=rate("task_requests", HISTORY + ',task_type=~".*Delete.*"'),
        absent_when_healthy=_FIRST_RETENTION,
    ),
    _history_signal(
        name=S.CLEANUP_DELETE_RATE,
        title="Workflows deleted",
        unit="workflows/s",
        kind=Kind.SYSTEM,
        meaning="Workflows that retention removed from the store.",
        query=rate("workflow_cleanup_delete"),
        absent_when_healthy=_FIRST_RETENTION,
    ),
)
