"""Names of the signals, in the order of the catalogue."""

from enum import StrEnum


class SignalName(StrEnum):
    # 1: progress
    STATE_TRANSITIONS_RATE = "state_transitions_rate"
    # 2: cost of one step
    UPDATE_LATENCY_P95 = "update_latency_p95"
    UPDATE_LATENCY_P99 = "update_latency_p99"
    # 3: completions; failed includes time-outs
    WORKFLOW_SUCCESS_RATE = "workflow_success_rate"
    WORKFLOW_FAILED_RATE = "workflow_failed_rate"
    WORKFLOW_RETRY_RATE = "workflow_retry_rate"
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
    # 7, 8: clients
    FRONTEND_ERROR_RATE = "frontend_error_rate"
    FRONTEND_LATENCY_P95 = "frontend_latency_p95"
    FRONTEND_LATENCY_P99 = "frontend_latency_p99"
    LONG_POLL_LATENCY_P99 = "long_poll_latency_p99"
    # 9: tasks that wait for a worker
    WORKFLOW_BACKLOG_AGE = "workflow_backlog_age"
    ACTIVITY_BACKLOG_AGE = "activity_backlog_age"
    BACKLOG_COUNT = "backlog_count"
    NO_POLLER_RATE = "no_poller_rate"
    # 10: polls
    POLL_SUCCESS_RATE = "poll_success_rate"
    POLL_TIMEOUT_RATE = "poll_timeout_rate"
    POLL_LATENCY_P95 = "poll_latency_p95"
    # 11, 12: persistence
    PERSISTENCE_LATENCY_P95 = "persistence_latency_p95"
    PERSISTENCE_LATENCY_P99 = "persistence_latency_p99"
    PERSISTENCE_ERROR_RATE = "persistence_error_rate"
    PERSISTENCE_REQUEST_RATE = "persistence_request_rate"
    VISIBILITY_ERROR_RATE = "visibility_error_rate"
    VISIBILITY_REQUEST_RATE = "visibility_request_rate"
    # demand: tells quiet from stuck
    START_REQUEST_RATE = "start_request_rate"
    # retention work without transitions
    DELETION_RATE = "deletion_rate"
    CLEANUP_DELETE_RATE = "cleanup_delete_rate"
    # demand that was not accepted, and requests to open workflows
    START_REFUSED_RATE = "start_refused_rate"
    START_DEDUPLICATED_RATE = "start_deduplicated_rate"
    SIGNAL_REQUEST_RATE = "signal_request_rate"
    FRONTEND_REQUEST_RATE = "frontend_request_rate"
    # workflow tasks that fail, age of visibility, shards
    WORKFLOW_TASK_FAILURE_RATE = "workflow_task_failure_rate"
    VISIBILITY_LAG_P95 = "visibility_lag_p95"
    SHARD_COUNT = "shard_count"
    # the store, by what it refuses
    STORE_WRITE_RATE = "store_write_rate"
    STORE_WRITE_ERROR_RATE = "store_write_error_rate"
    # requests over a limit of size
    OVERSIZED_REQUESTS = "oversized_requests"
    # the dead letter queue
    DEAD_LETTERS_WRITTEN = "dead_letters_written"
    DEAD_LETTERS_WAITING = "dead_letters_waiting"
    # contributing: the store
    CONDITION_FAILED_RATE = "condition_failed_rate"
    SHARD_OWNERSHIP_LOST_RATE = "shard_ownership_lost_rate"
    STORE_UNAVAILABLE_RATE = "store_unavailable_rate"
    STORE_THROTTLED_RATE = "store_throttled_rate"
    STORE_SESSION_REFRESH_RATE = "store_session_refresh_rate"
    SQL_CONNECTIONS_IN_USE_RATIO = "sql_connections_in_use_ratio"
    # contributing: the engine
    SHARD_IO_WAIT_P95 = "shard_io_wait_p95"
    MEMBERSHIP_CHANGE_RATE = "membership_change_rate"
    MUTABLE_STATE_CACHE_HIT_RATIO = "mutable_state_cache_hit_ratio"
    EVENTS_CACHE_HIT_RATIO = "events_cache_hit_ratio"
    MUTABLE_STATE_CACHE_FILL_RATIO = "mutable_state_cache_fill_ratio"
    # contributing: requests, then processes
    FRONTEND_WAITING_CALLS = "frontend_waiting_calls"
    THROTTLED_REQUEST_RATE = "throttled_request_rate"
    BUSY_WORKFLOW_RATE = "busy_workflow_rate"
    GOROUTINES = "goroutines"
    HEAP = "heap"
    # contributing: the fork for Aurora DSQL
    DSQL_POOL_IN_USE_RATIO = "dsql_pool_in_use_ratio"
    DSQL_POOL_WAIT_RATE = "dsql_pool_wait_rate"
    DSQL_CONNECTION_CLOSE_RATE = "dsql_connection_close_rate"
    DSQL_KEEPER_FAILURE_RATE = "dsql_keeper_failure_rate"
    DSQL_RESERVOIR_FILL_RATIO = "dsql_reservoir_fill_ratio"
    DSQL_RESERVOIR_EMPTY_RATE = "dsql_reservoir_empty_rate"
    DSQL_RESERVOIR_REFILL_RATE = "dsql_reservoir_refill_rate"
    DSQL_RESERVOIR_REFILL_FAILURE_RATE = "dsql_reservoir_refill_failure_rate"
    DSQL_RESERVOIR_DISCARD_RATE = "dsql_reservoir_discard_rate"
    DSQL_RESERVOIR_CHECKOUT_P95 = "dsql_reservoir_checkout_p95"
    # workers: the server's metrics
    WORKFLOW_SCHEDULE_TO_START_P95 = "workflow_schedule_to_start_p95"
    ACTIVITY_SCHEDULE_TO_START_P95 = "activity_schedule_to_start_p95"
    SYNC_MATCH_RATIO = "sync_match_ratio"
    # workers: their SDKs' metrics
    WORKFLOW_SLOTS_AVAILABLE = "workflow_slots_available"
    ACTIVITY_SLOTS_AVAILABLE = "activity_slots_available"
    WORKFLOW_SLOTS_USED = "workflow_slots_used"
    ACTIVITY_SLOTS_USED = "activity_slots_used"
    WORKFLOW_POLLERS = "workflow_pollers"
    ACTIVITY_POLLERS = "activity_pollers"
    STICKY_CACHE_HIT_RATIO = "sticky_cache_hit_ratio"
    STICKY_CACHE_SIZE = "sticky_cache_size"
    WORKER_REQUEST_FAILURE_RATE = "worker_request_failure_rate"
