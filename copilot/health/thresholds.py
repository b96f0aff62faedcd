"""Limits of the gates, by band. Sources of the numbers stand beside them."""

from types import MappingProxyType

from copilot.health.decision import Band
from copilot.signals.snapshot import Frozen


class BandLimits(Frozen):
    """What is too much for a cluster of this size. Ages in seconds, latencies in milliseconds.

    The starting values are those of the reference rules. Latencies moved from p99 to p95, and
    persistence from 200 and 100 ms to twice that: at 5 starts/s the p99 of a window are a handful
    of requests, and a healthy lab on a busy machine passed it (400 ms), while a database that is
    200 ms away shows a p95 beyond a second.
    """

    demand_floor: float  # starts a second from which missing progress means something
    completion_floor: float  # completions a second from which their ratio means something
    history_lag_critical: float
    history_lag_stressed: float
    update_latency_p95: float
    frontend_latency_p95: float
    persistence_latency_p95: float


STARTER = BandLimits(
    demand_floor=0.5,
    completion_floor=0.1,
    history_lag_critical=600,
    history_lag_stressed=120,
    update_latency_p95=2000,
    frontend_latency_p95=5000,
    persistence_latency_p95=500,
)
MID_SCALE = BandLimits(
    demand_floor=3,
    completion_floor=1,
    history_lag_critical=300,
    history_lag_stressed=60,
    update_latency_p95=1000,
    frontend_latency_p95=2000,
    persistence_latency_p95=400,
)
HIGH_THROUGHPUT = BandLimits(
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

    starter: BandLimits = STARTER
    mid_scale: BandLimits = MID_SCALE
    high_throughput: BandLimits = HIGH_THROUGHPUT

    mid_scale_from: float = 50  # updates/s, decisions of the project
    high_throughput_from: float = 500
    band_margin: float = 0.1  # a boundary counts when passed by a tenth, so that bands do not flap
    trailing_cycles: int = 120  # one hour at the default cadence

    # A started workflow makes at least one update and one history task. A cluster that waits for a
    # database 200 ms away still makes a quarter of that in the lab: slow, not stuck.
    progress_per_start: float = 0.05
    # Updates under this share of their trailing median, while starts go on, are a drop.
    drop_ratio: float = 0.3
    drop_demand_ratio: float = 0.7
    drop_min_cycles: int = 10

    completion_critical: float = 0.3
    completion_stressed: float = 0.85
    persistence_error_floor: float = 0.5  # errors a second below which a ratio says little
    # A database 200 ms away lets half of the requests run into their time limit in the lab: slow,
    # not down. One that is down fails them all.
    persistence_error_ratio_critical: float = 0.7
    persistence_error_ratio_stressed: float = 0.02
    frontend_error_rate: float = 5
    shard_churn_rate: float = 5

    starved_age_seconds: float = 10  # a restart of workers takes less
    poller_gone_seconds: float = 75  # a long poll returns after 60 s at most and is renewed

    # Tasks that wait longer for a worker are short of workers: the upper of the two limits that the
    # reference gives for each (ms). A healthy lab shows 20 ms; below these a busy machine does it.
    workflow_wait_p95: float = 200
    activity_wait_p95: float = 500

    idle_demand: float = 0.05  # starts a second
    idle_updates: float = 1

    critical_after: int = 3
    clear_after: int = 2

    def of(self, band: Band) -> BandLimits:
        return MappingProxyType(
            {
                Band.STARTER: self.starter,
                Band.MID_SCALE: self.mid_scale,
                Band.HIGH_THROUGHPUT: self.high_throughput,
            }
        )[band]
