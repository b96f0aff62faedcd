"""Names of the signals, so that a gate cannot ask for one that is not measured."""

from enum import StrEnum


class SignalName(StrEnum):
    # 1: progress
    STATE_TRANSITIONS_RATE = "state_transitions_rate"
    # 2: what one step costs
    UPDATE_LATENCY_P95 = "update_latency_p95"
    UPDATE_LATENCY_P99 = "update_latency_p99"
    # 3: work that ends; failed counts time-outs
    WORKFLOW_SUCCESS_RATE = "workflow_success_rate"
    WORKFLOW_FAILED_RATE = "workflow_failed_rate"
    WORKFLOW_TERMINATED_RATE = "workflow_terminated_rate"
    WORKFLOW_CANCELED_RATE = "workflow_canceled_rate"
    # 4: the engine's lag
    HISTORY_QUEUE_LATENCY_P95 = "history_queue_latency_p95"
    SCHEDULED_QUEUE_LAG_P95 = "scheduled_queue_lag_p95"
    IMMEDIATE_QUEUE_LAG_P95 = "immediate_queue_lag_p95"
    # 5: the engine's capacity
    HISTORY_TASK_RATE = "history_task_rate"
    # 6: instability
    SHARD_CREATED_RATE = "shard_created_rate"
    SHARD_CLOSED_RATE = "shard_closed_rate"
    # 7, 8: what clients feel
    FRONTEND_ERROR_RATE = "frontend_error_rate"
    FRONTEND_LATENCY_P95 = "frontend_latency_p95"
    FRONTEND_LATENCY_P99 = "frontend_latency_p99"
    LONG_POLL_LATENCY_P99 = "long_poll_latency_p99"
    # 9: work that waits for a worker
    WORKFLOW_BACKLOG_AGE = "workflow_backlog_age"
    ACTIVITY_BACKLOG_AGE = "activity_backlog_age"
    BACKLOG_COUNT = "backlog_count"
    NO_POLLER_RATE = "no_poller_rate"
    # 10: workers that wait for work
    POLL_SUCCESS_RATE = "poll_success_rate"
    POLL_TIMEOUT_RATE = "poll_timeout_rate"
    POLL_LATENCY_P95 = "poll_latency_p95"
    # 11, 12: persistence
    PERSISTENCE_LATENCY_P95 = "persistence_latency_p95"
    PERSISTENCE_LATENCY_P99 = "persistence_latency_p99"
    PERSISTENCE_ERROR_RATE = "persistence_error_rate"
    PERSISTENCE_REQUEST_RATE = "persistence_request_rate"
    # demand, so that quiet is told from stuck
    START_REQUEST_RATE = "start_request_rate"
    # retention work without transitions
    DELETION_RATE = "deletion_rate"
    CLEANUP_DELETE_RATE = "cleanup_delete_rate"
