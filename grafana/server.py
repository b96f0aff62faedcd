"""Temporal Server Health: is the cluster making progress, and what do its services say?"""

from copilot.signals.names import SignalName as S
from copilot.signals.scopes import FRONTEND, HISTORY, USER_BACKLOG, WAITING
from grafana.logs import logs_row
from grafana.model import TEMPORAL, Dashboard, Panel, PromQL, Row, View
from grafana.persistence import persistence_row
from grafana.promql import (
    CLUSTER_VARIABLE,
    IN_NAMESPACE,
    NAMESPACE_VARIABLE,
    RARE,
    quantile,
    rate,
    select,
    total,
)
from grafana.signals import signal_panel, signal_stat
from grafana.words import NONE_IS_GOOD, UP, rising

_WORKFLOW_ENDS = {
    "completed": "workflow_success_total",
    "continued as new": "workflow_continued_as_new_total",
    "failed": "workflow_failed_total",
    "timed out": "workflow_timeout_total",
    "terminated": "workflow_terminate_total",
    "cancelled": "workflow_cancel_total",
}
_ACTIVITY_ENDS = {
    "completed": "activity_success_total",
    "attempt failed": "activity_task_fail_total",
    "failed": "activity_fail_total",
    "timed out": "activity_timeout_total",
    "cancelled": "activity_cancel_total",
}
# Not the users' workers, which come and go.
_SERVICES_JOBS = 'job=~"temporal-.*|copilot-.*"'
_USUAL = {"workflow_success_total", "activity_success_total"}
_TOP = 10


def _ends(title: str, meaning: str, ends: dict[str, str], unit: str) -> Panel:
    return Panel(
        title,
        meaning,
        queries=tuple(
            PromQL(rate(counter, IN_NAMESPACE), end, "" if counter in _USUAL else RARE)
            for end, counter in ends.items()
        ),
        unit=unit,
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
        Panel(
            "Services up",
            "Whether the last scrape of each service was answered.",
            View.STAT,
            (PromQL(f"min by (job) ({select('up', _SERVICES_JOBS)})", "{{job}}"),),
            unit="none",
            height=4,
            width=8,
            words=UP,
        ),
        signal_stat(S.START_REQUEST_RATE),
        signal_stat(S.WORKFLOW_SUCCESS_RATE),
        signal_stat(S.WORKFLOW_FAILED_RATE, *rising(1 / 60, 10 / 60)),
        signal_stat(S.FRONTEND_ERROR_RATE, *rising(0.1, 1)),
        Panel(
            "Requests by operation",
            f"The {_TOP} operations that clients and workers ask the frontend for most.",
            queries=(
                PromQL(
                    rate(
                        "service_requests_total",
                        f"{FRONTEND},{IN_NAMESPACE}",
                        by="operation",
                        top=_TOP,
                    ),
                    "{{operation}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            "Latency by service, p95",
            "Calls that answer at once: long polls and calls that wait for a worker are left out.",
            queries=(
                PromQL(
                    quantile(
                        0.95,
                        "service_latency_milliseconds",
                        f'operation!~"{WAITING}"',
                        by="service_name",
                    ),
                    "{{service_name}}",
                ),
            ),
            unit="ms",
        ),
        signal_panel(S.FRONTEND_LATENCY_P95, S.FRONTEND_LATENCY_P99),
        Panel(
            "Errors by type",
            "Every call that did not succeed, also through the caller's fault (not found, already "
            "started): read it beside Frontend errors above, which holds the server's own only.",
            queries=(
                PromQL(
                    rate(
                        "service_error_with_type_total",
                        IN_NAMESPACE,
                        by="service_name, error_type",
                        top=_TOP,
                    ),
                    "{{service_name}}: {{error_type}}",
                    RARE,
                ),
            ),
            unit="suffix: errors/s",
        ),
    ),
)
_HISTORY = Row(
    "History",
    (
        Panel(
            "Tasks",
            "Attempts at tasks of all workflows, Temporal's own too, and those that failed.",
            queries=(
                PromQL(rate("task_requests_total", HISTORY), "attempts"),
                PromQL(rate("task_errors_total", HISTORY), "errors", RARE),
            ),
            unit="suffix: tasks/s",
        ),
        Panel(
            "Task latency, p95",
            "In the queue: from a task's due time to its end. Processing: the work itself.",
            queries=(
                PromQL(quantile(0.95, "task_latency_queue_milliseconds", HISTORY), "in the queue"),
                PromQL(
                    quantile(0.95, "task_latency_processing_milliseconds", HISTORY), "processing"
                ),
            ),
            unit="ms",
        ),
        Panel(
            "Attempts at a task",
            "How often a task was tried until it succeeded: one is usual.",
            queries=tuple(
                PromQL(quantile(share, "task_attempt_ratio", HISTORY), f"p{share * 100:.0f}")
                for share in (0.5, 0.95, 0.99)
            ),
            unit="short",
        ),
        signal_panel(S.SHARD_CREATED_RATE, S.SHARD_CLOSED_RATE, title="Shards that change hands"),
        signal_panel(S.SCHEDULED_QUEUE_LAG_P95),
        signal_panel(S.IMMEDIATE_QUEUE_LAG_P95),
    ),
)
_MATCHING = Row(
    "Matching",
    (
        signal_panel(S.POLL_SUCCESS_RATE, S.POLL_TIMEOUT_RATE, title="Polls"),
        Panel(
            "Time until a stored task is handed out",
            "Tasks that found no waiting worker were stored first; this is how long they stayed.",
            queries=tuple(
                PromQL(
                    quantile(share, "asyncmatch_latency_milliseconds"),
                    f"p{share * 100:.0f}",
                    "workers that keep up take every task before it is stored",
                )
                for share in (0.5, 0.95)
            ),
            unit="ms",
        ),
        Panel(
            "Waiting tasks by queue",
            f"The {_TOP} longest queues of users, as of the last minute.",
            queries=(
                PromQL(
                    total(
                        "approximate_backlog_count",
                        USER_BACKLOG,
                        by="namespace, taskqueue, task_type",
                        top=_TOP,
                    ),
                    "{{namespace}}/{{taskqueue}} {{task_type}}",
                    "matching reports a queue's backlog up to a minute after it loaded the queue",
                ),
            ),
            unit="short",
        ),
        signal_panel(
            S.WORKFLOW_SCHEDULE_TO_START_P95,
            S.ACTIVITY_SCHEDULE_TO_START_P95,
            title="From a task's schedule to its start, p95",
        ),
        signal_panel(S.SYNC_MATCH_RATIO),
        signal_panel(S.WORKFLOW_BACKLOG_AGE, S.ACTIVITY_BACKLOG_AGE, title="Oldest waiting task"),
        signal_stat(S.NO_POLLER_RATE, *NONE_IS_GOOD, width=8),
        signal_stat(S.BACKLOG_COUNT, width=8),
        signal_stat(S.POLL_LATENCY_P95, width=8),
    ),
)
_OUTCOMES = Row(
    "Outcomes",
    (
        _ends("Workflows", "Workflows that ended, by outcome.", _WORKFLOW_ENDS, "suffix: /s"),
        _ends(
            "Activities",
            "Activities that ended, by outcome; an attempt that failed may be tried again.",
            _ACTIVITY_ENDS,
            "suffix: /s",
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="temporal-server-health",
    title="Temporal Server Health",
    folder=TEMPORAL,
    description="Progress, services, history, persistence, matching and outcomes of one cluster.",
    guide=(
        "**Progress first**: workflow updates follow the starts that are asked for. Where starts "
        "go on and updates stop, look down the rows: a service that is down, persistence that is "
        "slow or fails, a queue that grows. A panel without data of something rare is good news; "
        "of something that always happens it means that nothing is measured. What these numbers "
        "mean together is judged by the [Copilot](/d/temporal-sre-copilot)."
    ),
    rows=(_PROGRESS, _SERVICES, _HISTORY, persistence_row(_TOP), _MATCHING, _OUTCOMES, logs_row()),
    variables=(CLUSTER_VARIABLE, NAMESPACE_VARIABLE),
)
