"""The lab's faults as data: what each does, and which state and cause the Copilot must report."""

from lab.catalogue import ELASTICSEARCH, PROMETHEUS
from lab.fault import Fault
from lab.load_control import VERSIONED_QUEUE, LoadControl

STUCK_SHARD = 3
SLOW_DATABASE_MILLISECONDS = 200
FAILURE_RATIO = 0.5
ABANDONED_QUEUE = "order-fulfilment"
# One of the load's queues, for what concerns a single one.
FAULTY_QUEUE = "payments"
SECOND_HISTORY = "temporal-history-2"
ACTIVITIES_PER_SECOND = 0.1
REQUESTS_PER_SECOND = 5


def _kill(role: str) -> Fault:
    process = f"temporal-{role}"
    return Fault(
        f"kill-{role}",
        f"the {role} service of the monitored cluster dies and stays down",
        inject=lambda lab: lab.kill(process),
        heal=lambda lab: lab.revive(process),
        verdict="critical",
        cause_kinds=("service",),
        cause_name=role,
        process=process,
        needs_services=True,
    )


def _steer(
    name: str,
    description: str,
    *,
    verdict: str,
    cause_kinds: tuple[str, ...] = (),
    cause_name: str = "",
    **faulty: object,
) -> Fault:
    """A fault of the load: fields of its control file, which heal to their defaults."""
    healthy = {field: LoadControl.model_fields[field].default for field in faulty}
    return Fault(
        name,
        description,
        inject=lambda lab: lab.steer(**faulty),
        heal=lambda lab: lab.steer(**healthy),
        verdict=verdict,
        cause_kinds=cause_kinds,
        cause_name=cause_name,
    )


_ALL = (
    _kill("frontend"),
    _kill("history"),
    _kill("matching"),
    _kill("worker"),
    Fault(
        "kill-one-history",
        "one of several instances of history dies and stays down",
        inject=lambda lab: lab.kill(SECOND_HISTORY),
        heal=lambda lab: lab.revive(SECOND_HISTORY),
        verdict="happy",
        process=SECOND_HISTORY,
        needs_histories=True,
    ),
    Fault(
        "database-down",
        "connections of the monitored cluster to its database are cut and refused",
        inject=lambda lab: lab.proxy.connect(False),
        heal=lambda lab: lab.proxy.connect(True),
        verdict="critical",
        cause_kinds=("persistence",),
        needs_services=True,
    ),
    Fault(
        "slow-database",
        f"each response of the database comes {SLOW_DATABASE_MILLISECONDS} ms later",
        inject=lambda lab: lab.proxy.delay(SLOW_DATABASE_MILLISECONDS),
        heal=lambda lab: lab.proxy.delay(0),
        verdict="stressed",
        cause_kinds=("persistence",),
        needs_services=True,
    ),
    Fault(
        "read-only-database",
        "the database of the monitored cluster answers reads, and refuses every write",
        inject=lambda lab: lab.refuse_writes(True),
        heal=lambda lab: lab.refuse_writes(False),
        verdict="stressed",
        cause_kinds=("persistence",),
        is_stored=True,
        needs_services=True,
    ),
    Fault(
        "stuck-shard",
        f"a transaction holds the row of history shard {STUCK_SHARD} in the database",
        inject=lambda lab: lab.hold_shard(STUCK_SHARD),
        heal=lambda lab: lab.release_shard(),
        verdict="stressed",
        cause_kinds=("shards",),
        cause_name=f"shard {STUCK_SHARD}",
        is_stored=True,
        needs_services=True,
    ),
    _steer(
        "stop-workers",
        "all workers of the load stop, while workflows continue to be started",
        verdict="stressed",
        cause_kinds=("queue",),
        stopped_queues=("*",),
    ),
    _steer(
        "abandon-queue",
        f"the workers of {ABANDONED_QUEUE} leave for good, and soon nothing is started on it",
        verdict="stressed",
        cause_kinds=("queue",),
        cause_name=ABANDONED_QUEUE,
        abandoned_queues=(ABANDONED_QUEUE,),
    ),
    _steer(
        "abandoned-version",
        f"workers of a version leave for good, and workflows on {VERSIONED_QUEUE} are pinned to it",
        verdict="stressed",
        cause_kinds=("version",),
        cause_name=f"{VERSIONED_QUEUE}:1",
        abandoned_version=True,
    ),
    _steer(
        "wedged-workflows",
        f"each workflow task of new orders on {FAULTY_QUEUE} fails, and is tried again",
        verdict="stressed",
        cause_kinds=("workflow_type", "queue", "namespace"),
        wedged_queues=(FAULTY_QUEUE,),
    ),
    _steer(
        "slow-workers",
        f"the workers of {FAULTY_QUEUE} do not keep up: their activities take seconds",
        verdict="stressed",
        cause_kinds=("queue",),
        cause_name=FAULTY_QUEUE,
        slow_queues=(FAULTY_QUEUE,),
    ),
    _steer(
        "full-workers",
        f"one activity that does not end takes the only slot of the worker of {FAULTY_QUEUE}",
        verdict="stressed",
        cause_kinds=("queue",),
        cause_name=FAULTY_QUEUE,
        full_queues=(FAULTY_QUEUE,),
    ),
    Fault(
        "limited-queue",
        f"a user limits {FAULTY_QUEUE} to {ACTIVITIES_PER_SECOND} activities a second",
        inject=lambda lab: lab.limit_queue(FAULTY_QUEUE, ACTIVITIES_PER_SECOND),
        heal=lambda lab: lab.limit_queue(FAULTY_QUEUE, None),
        verdict="happy",
    ),
    Fault(
        "limited-namespace",
        f"the namespace is limited to {REQUESTS_PER_SECOND} requests a second, within a minute",
        inject=lambda lab: lab.configure("frontend.namespaceRPS", REQUESTS_PER_SECOND),
        heal=lambda lab: lab.configure("frontend.namespaceRPS", None),
        verdict="stressed",
        cause_kinds=("namespace",),
        needs_services=True,
    ),
    Fault(
        "paused-schedules",
        "the worker service runs nothing of the namespace: schedules stand still",
        inject=lambda lab: lab.configure("worker.perNamespaceWorkerCount", 0),
        heal=lambda lab: lab.configure("worker.perNamespaceWorkerCount", None),
        verdict="stressed",
        cause_kinds=("queue",),
        cause_name="schedules",
        needs_services=True,
    ),
    Fault(
        "visibility-down",
        "connections to the database with the monitored cluster's visibility are refused",
        inject=lambda lab: lab.visibility_proxy.connect(False),
        heal=lambda lab: lab.visibility_proxy.connect(True),
        verdict="stressed",
        cause_kinds=("visibility",),
        needs_services=True,
    ),
    _steer(
        "repeated-starts",
        "each start asks for a workflow that runs already",
        verdict="happy",
        duplicate_ratio=1.0,
    ),
    _steer(
        "retried-workflows",
        "half of the workflows fail four times, and then succeed",
        verdict="happy",
        retry_ratio=FAILURE_RATIO,
    ),
    _steer(
        "failing-workflows",
        f"{FAILURE_RATIO:.0%} of the workflows fail",
        verdict="stressed",
        cause_kinds=("workflow_type", "queue"),
        failure_ratio=FAILURE_RATIO,
    ),
    Fault(
        "stop-scrape",
        "Prometheus answers queries, but no longer scrapes the monitored cluster",
        inject=lambda lab: lab.scrape(with_monitored=False),
        heal=lambda lab: lab.scrape(),
        verdict="unknown",
        cause_kinds=("source",),
    ),
    Fault(
        "no-buckets",
        "Prometheus drops the buckets of the monitored cluster's histograms",
        inject=lambda lab: lab.scrape(with_buckets=False),
        heal=lambda lab: lab.scrape(),
        verdict="unknown",
        cause_kinds=("source",),
    ),
    Fault(
        "stop-metrics",
        "Prometheus is down",
        inject=lambda lab: lab.kill(PROMETHEUS),
        heal=lambda lab: lab.revive(PROMETHEUS),
        verdict="unknown",
        cause_kinds=("source",),
        process=PROMETHEUS,
    ),
    Fault(
        "kill-elasticsearch",
        "the visibility store is down",
        inject=lambda lab: lab.kill(ELASTICSEARCH),
        heal=lambda lab: lab.revive(ELASTICSEARCH),
        verdict="stressed",
        cause_kinds=("visibility",),
        process=ELASTICSEARCH,
        needs_elasticsearch=True,
    ),
    Fault(
        "full-elasticsearch",
        "the visibility store takes its disk for full, and makes its indices read-only",
        inject=lambda lab: lab.visibility.fill_disk(True),
        heal=lambda lab: lab.visibility.fill_disk(False),
        verdict="stressed",
        cause_kinds=("visibility",),
        needs_elasticsearch=True,
    ),
    Fault(
        "wrong-index",
        "the visibility index of the monitored cluster has a field of another type",
        inject=lambda lab: lab.visibility.spoil_index(),
        heal=lambda lab: lab.visibility.recreate_index(),
        verdict="stressed",
        cause_kinds=("visibility",),
        needs_elasticsearch=True,
    ),
    Fault(
        "lost-index",
        "the visibility index of the monitored cluster is deleted",
        inject=lambda lab: lab.visibility.delete_index(),
        heal=lambda lab: lab.visibility.create_indices(),
        verdict="stressed",
        cause_kinds=("visibility",),
        needs_elasticsearch=True,
    ),
)

FAULTS = {fault.name: fault for fault in _ALL}
"""By name."""
