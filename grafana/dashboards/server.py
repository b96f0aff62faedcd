"""Temporal Server Health: progress, services, history, persistence, matching, outcomes, logs."""

from copilot.signals.matchers import FRONTEND, HISTORY, USER_BACKLOG, WAITING
from copilot.signals.signal import RARE
from copilot.signals.signal_names import SignalName as S
from grafana.colors import RED_ABOVE_ZERO, UP, higher_is_worse
from grafana.dashboard import TEMPORAL, Dashboard, Panel, PromQL, Row, stat, time_series
from grafana.dashboards.logs_row import logs_row
from grafana.dashboards.persistence_row import persistence_row
from grafana.promql import (
    CLUSTER_VARIABLE,
    NAMESPACE,
    NAMESPACE_VARIABLE,
    quantile,
    rate,
    total,
)
from grafana.signal_panels import signal_panel, signal_stat

_WORKFLOW_OUTCOME_COUNTERS = {
    "completed": "counter:workflow_success",
    "continued as new": "counter:workflow_continued_as_new",
    "failed": "counter:workflow_failed",
    "timed out": "counter:workflow_timeout",
    "terminated": "counter:workflow_terminate",
    "cancelled": "counter:workflow_cancel",
}
_ACTIVITY_OUTCOME_COUNTERS = {
    "completed": "counter:activity_success",
    "attempt failed": "counter:activity_task_fail",
    "failed": "counter:activity_fail",
    "timed out": "counter:activity_timeout",
    "cancelled": "counter:activity_cancel",
}
_FREQUENT = {"counter:workflow_success", "counter:activity_success"}
_TOP = 10


def _outcomes(title: str, description: str, counters: dict[str, str]) -> Panel:
    return time_series(
        title,
        description,
        "suffix: /s",
        *(
            PromQL(rate(counter, NAMESPACE), outcome, "" if counter in _FREQUENT else RARE)
            for outcome, counter in counters.items()
        ),
    )


_PROGRESS = Row(
    "Progress",
    (
        signal_panel(S.STATE_TRANSITIONS_RATE, width=8),
        signal_panel(S.START_REQUEST_RATE, width=8),
        signal_panel(S.UPDATE_LATENCY_P95, S.UPDATE_LATENCY_P99, width=8),
    ),
)
_SERVICES = Row(
    "Services",
    (
        stat(
            "Services up",
            "Whether the last scrape of each service succeeded.",
            "none",
            PromQL("min by ($role) ($services)", "{{$role}}"),
            width=8,
            mappings=UP,
        ),
        signal_stat(S.START_REQUEST_RATE),
        signal_stat(S.WORKFLOW_SUCCESS_RATE),
        signal_stat(S.WORKFLOW_FAILED_RATE, *higher_is_worse(1 / 60, 10 / 60)),
        signal_stat(S.FRONTEND_ERROR_RATE, *higher_is_worse(0.1, 1)),
        time_series(
            "Requests by operation",
            f"The {_TOP} most frequent operations of clients and workers at the frontend.",
            "reqps",
            PromQL(
                rate(
                    "counter:service_requests", f"{FRONTEND},{NAMESPACE}", by="operation", top=_TOP
                ),
                "{{operation}}",
            ),
        ),
        time_series(
            "Latency by service, p95",
            "Without long polls and calls that wait for a worker.",
            "ms",
            PromQL(
                quantile(
                    0.95,
                    "timer:service_latency",
                    f'operation!~"{WAITING}"',
                    by="service_name",
                ),
                "{{service_name}}",
            ),
        ),
        signal_panel(S.FRONTEND_LATENCY_P95, S.FRONTEND_LATENCY_P99),
        time_series(
            "Errors by type",
            "Every failed call, including the caller's own errors (not found, already started). "
            "Frontend errors above counts only the server's.",
            "suffix: errors/s",
            PromQL(
                rate(
                    "counter:service_error_with_type",
                    NAMESPACE,
                    by="service_name, error_type",
                    top=_TOP,
                ),
                "{{service_name}}: {{error_type}}",
                RARE,
            ),
        ),
    ),
)
_HISTORY = Row(
    "History",
    (
        time_series(
            "Tasks",
            "Attempts and failed attempts at tasks of all workflows, including Temporal's own.",
            "suffix: tasks/s",
            PromQL(rate("counter:task_requests", HISTORY), "attempts"),
            PromQL(rate("counter:task_errors", HISTORY), "errors", RARE),
        ),
        time_series(
            "Task latency, p95",
            "In the queue: from a task's due time to its end. Processing: the execution alone.",
            "ms",
            PromQL(quantile(0.95, "timer:task_latency_queue", HISTORY), "in the queue"),
            PromQL(quantile(0.95, "timer:task_latency_processing", HISTORY), "processing"),
        ),
        time_series(
            "Attempts at a task",
            "Attempts until a task succeeded; one is normal.",
            "short",
            *(
                PromQL(
                    quantile(share, "dimensionless:task_attempt", HISTORY), f"p{share * 100:.0f}"
                )
                for share in (0.5, 0.95, 0.99)
            ),
        ),
        signal_panel(S.SHARD_CREATED_RATE, S.SHARD_CLOSED_RATE, title="Shard movements"),
        signal_panel(S.SCHEDULED_QUEUE_LAG_P95),
        signal_panel(S.IMMEDIATE_QUEUE_LAG_P95),
    ),
)
_MATCHING = Row(
    "Matching",
    (
        signal_panel(S.POLL_SUCCESS_RATE, S.POLL_TIMEOUT_RATE, title="Polls"),
        time_series(
            "Time that tasks stay stored",
            "Matching stores a task when no poller waits for it.",
            "ms",
            *(
                PromQL(
                    quantile(share, "timer:asyncmatch_latency"),
                    f"p{share * 100:.0f}",
                    "workers that keep up take every task before matching stores it",
                )
                for share in (0.5, 0.95)
            ),
        ),
        time_series(
            "Waiting tasks by queue",
            f"The {_TOP} longest task queues of users, at most a minute old.",
            "short",
            PromQL(
                total(
                    "gauge:approximate_backlog_count",
                    USER_BACKLOG,
                    by="namespace, taskqueue, task_type",
                    top=_TOP,
                ),
                "{{namespace}}/{{taskqueue}} {{task_type}}",
                "matching reports a queue's backlog up to a minute after it loaded the queue",
            ),
        ),
        signal_panel(
            S.WORKFLOW_SCHEDULE_TO_START_P95,
            S.ACTIVITY_SCHEDULE_TO_START_P95,
            title="Schedule-to-start latency, p95",
        ),
        signal_panel(S.SYNC_MATCH_RATIO),
        signal_panel(S.WORKFLOW_BACKLOG_AGE, S.ACTIVITY_BACKLOG_AGE, title="Oldest waiting task"),
        signal_stat(S.NO_POLLER_RATE, *RED_ABOVE_ZERO, width=8),
        signal_stat(S.BACKLOG_COUNT, width=8),
        signal_stat(S.POLL_LATENCY_P95, width=8),
    ),
)
_OUTCOMES = Row(
    "Outcomes",
    (
        _outcomes("Workflows", "Closed workflows by outcome.", _WORKFLOW_OUTCOME_COUNTERS),
        _outcomes(
            "Activities",
            "Ended activities by outcome; Temporal may retry a failed attempt.",
            _ACTIVITY_OUTCOME_COUNTERS,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="temporal-server-health",
    title="Temporal Server Health",
    folder=TEMPORAL,
    description="Progress, services, history, persistence, matching and outcomes of one cluster.",
    guide=(
        "**Progress first**: workflow updates follow the requested starts. When starts continue "
        "and updates stop, look down the rows for a service that is down, persistence that is "
        "slow or fails, a queue that grows. An empty panel of a rare event is good news; an empty "
        "panel of a frequent event means that nothing is measured. The "
        "[Copilot](/d/$copilot_uid) evaluates these metrics together."
    ),
    rows=(_PROGRESS, _SERVICES, _HISTORY, persistence_row(_TOP), _MATCHING, _OUTCOMES, logs_row()),
    variables=(CLUSTER_VARIABLE, NAMESPACE_VARIABLE),
)
