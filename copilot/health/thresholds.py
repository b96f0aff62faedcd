"""Limits of the rules, by scale tier, with the sources of the numbers."""

from copilot.health.decision import ScaleTier
from copilot.signals.reading import Frozen


class TierLimits(Frozen):
    """Limits for a cluster of one tier. Ages in seconds, latencies in milliseconds.

    The initial values are those of the reference rules. Latencies moved from p99 to p95, and
    persistence from 200 and 100 ms to twice that: at 5 starts/s the p99 of a window is a handful of
    requests, and a healthy lab on a busy machine exceeded it (400 ms), while a database that is
    200 ms away has a p95 beyond a second.
    """

    demand_floor: float  # starts a second from which missing progress means something
    completion_floor: float  # completions a second from which their ratio means something
    history_lag_critical: float
    history_lag_stressed: float
    update_latency_p95: float
    frontend_latency_p95: float
    persistence_latency_p95: float


STARTER = TierLimits(
    demand_floor=0.5,
    completion_floor=0.1,
    history_lag_critical=600,
    history_lag_stressed=120,
    update_latency_p95=2000,
    frontend_latency_p95=5000,
    persistence_latency_p95=500,
)
MID_SCALE = TierLimits(
    demand_floor=3,
    completion_floor=1,
    history_lag_critical=300,
    history_lag_stressed=60,
    update_latency_p95=1000,
    frontend_latency_p95=2000,
    persistence_latency_p95=400,
)
HIGH_THROUGHPUT = TierLimits(
    demand_floor=5,
    completion_floor=1,
    history_lag_critical=300,
    history_lag_stressed=30,
    update_latency_p95=500,
    frontend_latency_p95=1000,
    persistence_latency_p95=200,
)


class Thresholds(Frozen):
    """All limits. Rates are a second, ratios 0 to 1, counts in cycles."""

    starter: TierLimits = STARTER
    mid_scale: TierLimits = MID_SCALE
    high_throughput: TierLimits = HIGH_THROUGHPUT

    mid_scale_from: float = 50  # updates/s, decisions of the project
    high_throughput_from: float = 500
    # A boundary changes the tier when passed by this share, so that the tier does not flap.
    tier_margin: float = 0.1
    trailing_cycles: int = 120  # one hour at the default cadence

    # A started workflow makes at least one update and one history task. A cluster that waits for a
    # database 200 ms away still makes a quarter of that in the lab: slow, not stuck.
    progress_per_start: float = 0.05
    # A drop: updates under this share of their trailing median while starts continue.
    drop_ratio: float = 0.3
    drop_demand_ratio: float = 0.7
    drop_min_cycles: int = 10

    # Progress is gone: updates and history tasks under this share of their usual rate.
    gone_ratio: float = 0.01
    gone_usual_floor: float = 5  # usual updates a second below which a silence means little
    # Open workflows for each usual update a second, from which a silence is not the end of a batch.
    gone_open_per_update: float = 0.1
    earlier_days: int = 2  # from which the same hour of earlier days counts
    timer_lag_seconds: float = 180  # shards save their position every minute

    # Failures of users' workflows alone are never critical. A type may fail by design: what counts
    # is a share of successes below this share of the usual one.
    completion_ratio: float = 0.85
    completion_usual_share: float = 0.85
    completions_gone_ratio: float = 0.05
    completions_usual_floor: float = 0.5  # a second
    failures_in_a_row: float = 2.6  # the third, by a rate that loses some at its window's edge
    failing_type_seconds: float = 3600  # after this time without a run, a type is forgotten
    task_failure_floor: float = 0.02  # a second; one failure in a window of a minute is less
    task_failure_ratio: float = 0.01  # of the polls that got a task
    visibility_lag_seconds: float = 60
    # Calls to a role that is up find nobody: from this share, with a least rate, for some cycles. A
    # restart of a role's only instance takes one or two.
    unreachable_share: float = 0.5
    unreachable_floor: float = 0.5  # calls a second
    unreachable_cycles: int = 3
    # Shards are spread by a hash: with fewer for each instance, one may rightly own none. Each
    # instance counts its shards every minute (history.acquireShardInterval).
    shards_per_instance: float = 8
    shards_unowned_cycles: int = 5
    # Near a limit of size: where server 1.31.0 begins to warn by default (limit.historyCount.warn,
    # limit.historySize.warn, limit.blobSize.warn, limit.mutableStateSize.warn). At 5, 5, 4 and 8
    # times as much it ends the workflow or refuses the request.
    near_history_events: float = 10_240
    near_history_bytes: float = 10_485_760
    near_payload_bytes: float = 524_288
    near_state_bytes: float = 1_048_576
    # One payload that is too large is a user's mistake; the third in the long window is a fault.
    oversized_requests: float = 2.6
    # Each task in the dead letter queue was given up for good, so the first one counts.
    dead_letters_written: float = 0  # in the long window
    dead_letters_waiting: float = 0
    namespace_refused_floor: float = 0.5
    namespace_refused_ratio: float = 0.05
    persistence_error_floor: float = 0.5  # errors a second below which a ratio means little
    # In the lab half of the requests time out with a database 200 ms away: slow, not down. One that
    # is down fails them all.
    persistence_error_ratio_critical: float = 0.7
    persistence_error_ratio_stressed: float = 0.02
    # A store that is full or read-only refuses all writes, however few they are beside the reads.
    # The members of the cluster alone write 0.1 a second each. A restart of it takes one cycle.
    store_write_error_ratio: float = 0.5
    store_write_error_floor: float = 0.05  # a second
    store_write_cycles: int = 2
    # Transactions that conflict are repeated: no errors, up to this share of all requests. Aurora
    # DSQL has them all the time.
    store_conflict_ratio: float = 0.2
    # The visibility store may refuse some requests under load, which the server repeats. Without
    # it workflows go on, and lists of them are old or fail: never critical.
    visibility_error_ratio_stressed: float = 0.1
    frontend_error_rate: float = 5  # where the number of requests is not known
    frontend_error_floor: float = 2  # a restart of one of several instances causes fewer
    frontend_error_ratio: float = 0.05
    # A restart moves an instance's shards once: a few a second, or all of a large cluster's in the
    # window. More than this share of all shards in a second is not a restart.
    shard_churn_rate: float = 5
    shard_churn_share: float = 0.025

    starved_age_seconds: float = 10  # a restart of workers takes less
    # Of tasks on Temporal's own queues: a restart of its worker service takes less.
    system_age_seconds: float = 20
    # Of a canary: a shard pauses while it moves to another instance, and while instances of history
    # are down for as long as the ring needs to notice.
    shard_stuck_seconds: float = 15
    shard_stuck_ratio: float = 4  # times as long as the slowest canary that came back last
    canary_recent_seconds: float = 75  # two cycles, with a look that did not come back
    shard_moving_seconds: float = 60
    # A read of a namespace's record, which takes 4 ms on the lab. Then canaries are late, not lost.
    slow_store_seconds: float = 0.15
    # Workers that do not keep up: the oldest task is this old, and the backlog takes longer than
    # this to drain. A burst that drains is not a fault. One that drains in ten minutes loses a
    # tenth in one; after another half, which is a cycle, it has stalled.
    slow_age_seconds: float = 60
    slow_workflow_age_seconds: float = 15
    slow_drain_seconds: float = 600
    slow_stall_seconds: float = 90
    slow_wait_p95: float = 5000  # milliseconds
    full_slots_ratio: float = 0.02
    dispatch_window_seconds: float = 30  # the server's own for rates of a queue
    poller_gone_seconds: float = 75  # a long poll returns after 60 s at most and is renewed

    # Milliseconds beyond which workers are too few: the upper of the reference's two limits. A
    # healthy lab has 20 ms; a busy machine causes waits below these.
    workflow_wait_p95: float = 200
    activity_wait_p95: float = 500

    idle_demand: float = 0.05  # starts a second
    idle_updates: float = 1

    # Cycles in which a role may start that was never up since its first scrape. A cluster that runs
    # has all of them up at once; a new one on a slow machine takes a minute.
    first_up_cycles: int = 4
    # Cycles for which one of a role's two instances may be gone: a deployment restarts one at a
    # time, which takes up to two minutes.
    half_down_cycles: int = 4

    critical_after: int = 3
    clear_after: int = 2

    def of(self, tier: ScaleTier) -> TierLimits:
        match tier:
            case ScaleTier.STARTER:
                return self.starter
            case ScaleTier.MID_SCALE:
                return self.mid_scale
            case ScaleTier.HIGH_THROUGHPUT:
                return self.high_throughput
