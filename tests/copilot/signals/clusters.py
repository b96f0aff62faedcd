"""Series of clusters in a metrics store, each cluster for one case.

The windows are 20 s (short) and 60 s (long); samples are 2 s apart; a scrape of 30 s ago is stale.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from copilot.signals.roles import Role
from tests.copilot.signals.backfilled_prometheus import AHEAD_SECONDS, Series

SHORT, LONG, SCRAPE, STALE_AFTER = 20, 60, 2, 30
DSQL_EXPOSITION = Path(__file__).parent / "dsql_exposition.txt"
JOBS = tuple(role.job for role in Role)
NAMED = (
    'persistence_requests_total{service_name="history"}',
    'persistence_latency_milliseconds_count{service_name="history"}',
)
USER = 'namespace="default"'
SYSTEM = 'namespace="temporal-system"'


def counter(text: str, per_second: float) -> Series:
    return Series(text, step=2 * per_second)


def ups(down: tuple[str, ...] = ()) -> Iterator[Series]:
    for job in JOBS:
        yield Series(f'up{{job="{job}",instance="a"}}', value=0 if job in down else 1)


def buckets(name: str, labels: str, below: dict[str, float]) -> Iterator[Series]:
    """A histogram's buckets and count: observations a second at or below each bound."""
    for bound, per_second in below.items():
        yield counter(f'{name}_bucket{{{labels},le="{bound}"}}', per_second)
    yield counter(f"{name}_count{{{labels}}}", below["+Inf"])


def idle() -> list[Series]:
    # A count that grows has buckets, which an idle cluster's fixture has not.
    return [*ups(), *(counter(text, 3 if "requests" in text else 0) for text in NAMED)]


def workflows(counter_name: str, workflow_type: str, per_second: float, space: str) -> Series:
    queue = 'taskqueue="order-fulfilment"'
    labels = f'{space},{queue},workflowType="{workflow_type}",service_name="history"'
    return counter(f"{counter_name}{{{labels}}}", per_second)


def queue(name: str, kind: str = "Workflow", partition: str = "0", space: str = USER) -> str:
    return f'{space},taskqueue="{name}",task_type="{kind}",partition="{partition}"'


def busy() -> list[Series]:
    errors = "persistence_error_with_type_total"
    latency = "service_latency_milliseconds"
    tenant = "tenant-6f1c9b1e11114222833312345678abcd"
    return [
        *idle(),
        counter(f"state_transition_count_ratio_count{{{USER}}}", 10),
        counter(f"state_transition_count_ratio_count{{{SYSTEM}}}", 500),
        workflows("workflow_success_total", "Order", 4, USER),
        workflows("workflow_success_total", "Scan", 70, SYSTEM),
        workflows("workflow_failed_total", "Order", 1, USER),
        workflows("workflow_timeout_total", "Order", 0.5, USER),
        *buckets(
            "task_latency_queue_milliseconds",
            'service_name="history"',
            {"1000": 0, "2000": 5, "+Inf": 5},
        ),
        *buckets(
            latency,
            'service_name="frontend",operation="StartWorkflowExecution"',
            {"10": 0, "20": 9, "+Inf": 9},
        ),
        *buckets(
            latency,
            'service_name="frontend",operation="PollWorkflowTaskQueue",namespace="default"',
            {"20": 0, "100000": 90, "+Inf": 90},
        ),
        *buckets(
            latency,
            'service_name="frontend",operation="PollWorkflowExecutionHistory"',
            {"20": 0, "100000": 90, "+Inf": 90},
        ),
        counter(f'{errors}{{service_name="history",error_type="serviceerror.Unavailable"}}', 1),
        counter(
            f'{errors}{{service_name="history",error_type="persistence.TimeoutError",'
            'operation="UpdateShard"}',
            1,
        ),
        counter('persistence_requests_total{service_name="history",operation="UpdateShard"}', 0),
        counter(f'{errors}{{service_name="matching",error_type="serviceerror.NotFound"}}', 9),
        counter(f'{errors}{{service_name="matching",error_type="context.Canceled"}}', 9),
        *(
            counter(f'{errors}{{service_name="history",error_type="persistence.{name}Error"}}', 9)
            for name in ("ConditionFailed", "WorkflowConditionFailed", "ShardOwnershipLost")
        ),
        counter(
            f'service_errors_total{{service_name="frontend",operation="QueryWorkflow",{USER}}}', 9
        ),
        counter(f'service_errors_total{{service_name="frontend",operation="Start",{USER}}}', 2),
        counter(f'service_errors_total{{service_name="history",operation="Start",{USER}}}', 9),
        *(
            counter(
                f'service_requests_total{{service_name="frontend",operation="{name}",{space}}}', 3
            )
            for name, space in (
                ("StartWorkflowExecution", USER),
                ("SignalWithStartWorkflowExecution", USER),
                ("SignalWorkflowExecution", USER),
                ("StartWorkflowExecution", SYSTEM),
            )
        ),
        Series(f"approximate_backlog_age_seconds{{{queue('orders')}}}", value=7),
        Series(f"approximate_backlog_age_seconds{{{queue('in-time')}}}", value=2),
        counter(f"no_poller_tasks_total{{{queue('left-alone')}}}", 0.5),
        Series(f"approximate_backlog_age_seconds{{{queue('temporal-sys-per-ns-tq')}}}", value=9),
        Series(f"approximate_backlog_age_seconds{{{queue('orders', partition='1')}}}", value=9),
        Series(f"approximate_backlog_age_seconds{{{queue('x', partition='__sticky__')}}}", 800),
        Series(f"approximate_backlog_age_seconds{{{queue('orders', 'Activity')}}}", value=3),
        Series(f"approximate_backlog_count{{{queue('left-alone')}}}", value=4),
        Series(f"approximate_backlog_count{{{queue('empty')}}}", value=0),
        Series(f"approximate_backlog_count{{{queue('temporal-sys-per-ns-tq')}}}", value=9),
        counter(f"poll_success_total{{{queue('orders')}}}", 5),
        counter(f"poll_success_total{{{queue('orders', 'Activity')}}}", 6),
        counter(f"poll_success_total{{{queue(tenant)}}}", 4),
        counter(f"poll_success_total{{{queue('orders', partition='__sticky__')}}}", 6),
        counter(f"poll_success_total{{{queue('scanner', space=SYSTEM)}}}", 50),
        counter(f"poll_timeouts_total{{{queue('order-fulfilment')}}}", 0.1),
        counter(f"poll_timeouts_total{{{queue('temporal-sys-per-ns-tq')}}}", 0.1),
        *busy_contributing(),
    ]


def busy_contributing() -> list[Series]:
    """Series of signals that explain, and series that must not be counted."""
    pending = "service_pending_requests"
    exhausted = "service_errors_resource_exhausted_total"
    state = 'service_name="history",cache_type="mutablestate"'
    events = 'service_name="history",cache_type="events"'
    return [
        *(
            Series(f'persistence_sql_{name}{{service_name="{service}",db_kind="main"}}', value)
            for service, name, value in (
                ("history", "in_use", 40),
                ("history", "max_open_conn", 50),
                ("matching", "in_use", 1),
                ("matching", "max_open_conn", 50),
                ("server", "in_use", 50),
                ("server", "max_open_conn", 50),
            )
        ),
        counter(f'cache_requests_total{{{state},operation="HistoryCacheGetOrCreate"}}', 8),
        counter(f'cache_miss_total{{{state},operation="HistoryCacheGetOrCreate"}}', 2),
        counter(f'cache_requests_total{{{events},operation="EventsCacheGetEvent"}}', 8),
        counter(f'cache_requests_total{{{events},operation="EventsCachePutEvent"}}', 8),
        Series(f"cache_usage{{{state}}}", value=64000),
        Series(f"cache_size{{{state}}}", value=128000),
        Series(f'{pending}{{{USER},service_name="frontend",operation="Poll"}}', value=30),
        Series(f'{pending}{{{USER},service_name="frontend",operation="Query"}}', value=10),
        Series(f'{pending}{{{SYSTEM},service_name="frontend",operation="Poll"}}', value=900),
        counter(f'{exhausted}{{service_name="frontend",resource_exhausted_cause="RpsLimit"}}', 2),
        counter(
            f'{exhausted}{{service_name="history",resource_exhausted_cause="BusyWorkflow"}}', 1
        ),
        *(Series(f'num_goroutines{{service_name="{s}"}}', n) for s, n in (("a", 25), ("b", 1600))),
        Series('memory_heap{service_name="history"}', value=3 * 2**20),
        *buckets(
            "task_schedule_to_start_latency_milliseconds",
            f'{USER},taskqueue="orders",task_type="Workflow",service_name="history"',
            {"100": 0, "200": 5, "+Inf": 5},
        ),
        *buckets(
            "task_schedule_to_start_latency_milliseconds",
            f'{SYSTEM},taskqueue="scanner",task_type="Workflow",service_name="history"',
            {"100": 0, "200": 0, "1000000": 500, "+Inf": 500},
        ),
        counter(f"poll_success_sync_total{{{queue('orders')}}}", 2.1),
    ]


def dead_letters() -> list[Series]:
    """Counters that appear with 2 every half window, one that grows, and one that only exists."""
    written = "dlq_writes_total"
    history = 'job="temporal-history",instance="a"'
    return [
        *idle(),
        *(
            Series(f'{written}{{{history},task_category="timer",n="{at}"}}', value=2, begin=at)
            for at in range(-300, AHEAD_SECONDS, LONG // 2)
        ),
        counter(f'{written}{{{history},task_category="transfer"}}', 0.1),
        Series(f'{written}{{{history},task_category="visibility"}}', value=70),
        # A process that was not scraped before: its figure may be a day old.
        *(
            Series(f'{written}{{job="temporal-history",instance="{at}"}}', value=50, begin=at)
            for at in range(-300, AHEAD_SECONDS, LONG // 2)
        ),
        *(
            Series(f'dlq_message_count{{instance="{at}",task_category="{category}"}}', value)
            for at, category, value in (("a", "timer", 4), ("a", "transfer", 3), ("b", "timer", 1))
        ),
    ]


def large_workflows() -> list[Series]:
    """A history between 10 000 and 20 000 events, payloads up to 1 MiB, and other sizes."""
    refused = 'namespace="default",operation="SignalWorkflowExecution",job="temporal-history"'
    return [
        *idle(),
        *buckets(
            "history_count_ratio",
            f'{USER},operation="ExecutionStats"',
            {"10000": 3, "20000": 4, "50000": 4, "+Inf": 4},
        ),
        *buckets(
            "history_count_ratio",
            f'{SYSTEM},operation="ExecutionStats"',
            {"10000": 3, "20000": 4, "50000": 5, "+Inf": 5},
        ),
        # The events of one change.
        *buckets("history_count_ratio", USER, {"20000": 3, "50000": 4, "+Inf": 4}),
        *buckets(
            "event_blob_size_bytes", f'{USER},operation="x"', {"524288": 3, "1048576": 4, "+Inf": 4}
        ),
        counter(f"blob_size_error_total{{{refused}}}", 0.1),
    ]


def ring() -> list[Series]:
    """Two instances of history, and calls to matching of which a half finds nobody."""
    calls = 'service_name="frontend",service_role='
    return [
        *idle(),
        Series('numshards_gauge{job="temporal-history",instance="a"}', value=5),
        Series('numshards_gauge{job="temporal-history",instance="b"}', value=0),
        counter(f'client_requests_total{{{calls}"history"}}', 7),
        counter(f'client_requests_total{{{calls}"matching"}}', 4),
        counter(
            f'client_errors_total{{{calls}"matching",error_type="serviceerror.Unavailable"}}', 2
        ),
        counter(f'client_errors_total{{{calls}"matching",error_type="serviceerror.NotFound"}}', 2),
    ]


def workers(suffix: str = "", sticky: str = "sticky_workflow_task") -> list[Series]:
    """Workers of two queues, one without a free activity slot, and the server's own workers."""
    orders = f'job="workers",{USER},task_queue="orders"'
    payments = f'job="workers",{USER},task_queue="payments"'
    own = f'job="temporal-worker",{USER},task_queue="temporal-sys-per-ns-tq"'
    gauges = {
        f'temporal_worker_task_slots_available{{{orders},worker_type="ActivityWorker"}}': 0,
        f'temporal_worker_task_slots_available{{{payments},worker_type="ActivityWorker"}}': 50,
        f'temporal_worker_task_slots_available{{{orders},worker_type="WorkflowWorker"}}': 20,
        f'temporal_worker_task_slots_available{{{own},worker_type="WorkflowWorker"}}': 1,
        f'temporal_worker_task_slots_used{{{orders},worker_type="ActivityWorker"}}': 100,
        f'temporal_worker_task_slots_used{{{payments},worker_type="ActivityWorker"}}': 50,
        f'temporal_worker_task_slots_used{{{own},worker_type="ActivityWorker"}}': 7,
        f'temporal_num_pollers{{{orders},poller_type="workflow_task"}}': 5,
        f'temporal_num_pollers{{{orders},poller_type="{sticky}"}}': 4,
        f'temporal_num_pollers{{{orders},poller_type="activity_task"}}': 3,
        f'temporal_num_pollers{{{own},poller_type="workflow_task"}}': 7,
    }
    return [
        *idle(),
        *(Series(text, value) for text, value in gauges.items()),
        counter(f"temporal_sticky_cache_hit{suffix}{{{orders}}}", 9),
        counter(f"temporal_sticky_cache_miss{suffix}{{{orders}}}", 1),
    ]


def tuned_workers() -> list[Series]:
    counted = ("sticky_cache", 'worker_type="WorkflowWorker"')
    return [one for one in workers() if not any(part in one.text for part in counted)]


def dsql() -> list[Series]:
    """Gauges with the values of the exposition; counters grow by theirs each second."""
    lines = DSQL_EXPOSITION.read_text().splitlines()
    rising = {
        line.split()[2] for line in lines if line.startswith("# TYPE") and "gauge" not in line
    }
    samples = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return [
        *idle(),
        *(
            counter(text, float(value))
            if text.startswith((*rising, "dsql_db_closed"))
            else Series(text, float(value))
            for text, value in samples
        ),
    ]


def mixed() -> list[Series]:
    """One service is in another style."""
    return [*idle(), counter('persistence_requests{service_name="matching"}', 5)]


def half() -> list[Series]:
    """A relabel rule drops all histograms."""
    return [
        *ups(),
        counter('persistence_requests_total{service_name="history"}', 5),
        counter('visibility_persistence_latency_count{service_name="history"}', 5),
    ]


def without_units() -> list[Series]:
    return [
        *ups(),
        counter('persistence_requests_total{service_name="history"}', 5),
        counter('persistence_latency_count{service_name="history"}', 5),
    ]


def not_numbers() -> list[Series]:
    latency = "persistence_latency_milliseconds_bucket"
    return [
        *idle(),
        Series(f"approximate_backlog_age_seconds{{{queue('orders')}}}", value=float("nan")),
        Series(f"approximate_backlog_count{{{queue('orders')}}}", value=float("inf")),
        # Without its last bucket a histogram has observations, but no quantile.
        counter(f'{latency}{{service_name="history",le="10"}}', 3),
        counter('persistence_latency_milliseconds_count{service_name="history",operation="x"}', 3),
    ]


def just_started(at: int) -> list[Series]:
    """Scraped once, `at` seconds from now: a counter has no rate yet."""
    once = [*idle(), counter(f"state_transition_count_ratio_count{{{USER}}}", 10)]
    return [replace(series, begin=at, end=at) for series in once]


def seldom_scraped() -> list[Series]:
    return [replace(series, every=SHORT) for series in busy()]


def no_longer_scraped() -> list[Series]:
    return [replace(series, end=-100) for series in busy()]


def history_down() -> list[Series]:
    gone = [replace(series, end=-100) for series in busy() if not series.text.startswith("up")]
    named = [counter('persistence_requests_total{service_name="frontend"}', 5)]
    return [*ups(down=("temporal-history",)), *named, *gone]


def one_of_two_down() -> list[Series]:
    second = Series('up{job="temporal-history",instance="b"}', value=0)
    # A third one is no longer scraped, and not counted.
    third = Series('up{job="temporal-history",instance="c"}', value=0, end=-100)
    return [*busy(), second, third]


def written_twice() -> list[Series]:
    """Two replicas of a collector, each with a label of its own."""
    both = ("one", "two")
    return [
        replace(s, text=s.text.replace("{", f'{{replica="{name}",', 1))
        for name in both
        for s in busy()
    ]


def dropping() -> list[Series]:
    """A relabel rule drops a quarter of one job's samples."""
    kept = {job: 300 if job == "temporal-history" else 400 for job in JOBS}
    scraped = (Series(f'scrape_samples_scraped{{job="{job}"}}', value=400) for job in JOBS)
    name = "scrape_samples_post_metric_relabeling"
    left = (Series(f'{name}{{job="{job}"}}', value=count) for job, count in kept.items())
    return [*busy(), *scraped, *left]


def scrapes_fail_now_and_then() -> list[Series]:
    matching = [s for s in busy() if "temporal-matching" in s.text and s.text.startswith("up")]
    return [replace(s, odd=0) if s in matching else s for s in busy()]


def buckets_dropped() -> list[Series]:
    """A relabel rule was added a moment ago; a long window still has buckets."""
    return [replace(one, end=-SHORT) if "_bucket{" in one.text else one for one in busy()]


def role_missing() -> list[Series]:
    return [series for series in idle() if "temporal-matching" not in series.text]


def _of(cluster: str, series: list[Series]) -> list[Series]:
    return [
        replace(one, text=one.text.replace("{", f'{{cluster="{cluster}",', 1)) for one in series
    ]


CLUSTERS = {
    name: _of(name, series)
    for name, series in {
        "idle": idle(),
        "busy": busy(),
        "mixed": mixed(),
        "half": half(),
        "without-units": without_units(),
        "not-numbers": not_numbers(),
        # Each is stale half a minute later: a test takes the last one.
        **{f"just-started-{at}": just_started(at) for at in range(-4, AHEAD_SECONDS, 10)},
        "seldom-scraped": seldom_scraped(),
        "no-longer-scraped": no_longer_scraped(),
        "history-down": history_down(),
        "one-of-two-down": one_of_two_down(),
        "written-twice": written_twice(),
        "dropping": dropping(),
        "scrapes-fail-now-and-then": scrapes_fail_now_and_then(),
        "role-missing": role_missing(),
        "buckets-dropped": buckets_dropped(),
        "dsql": dsql(),
        "dead-letters": dead_letters(),
        "ring": ring(),
        "large-workflows": large_workflows(),
        "core-workers": workers(),
        "go-workers": workers("_total", sticky="workflow_sticky_task"),
        "tuned-workers": tuned_workers(),
    }.items()
}
