"""Queries about the cluster as a whole: its scrapes, its metric names, its services and limits."""

from copilot.signals.matchers import (
    EXPECTED_ERRORS,
    FRONTEND_OF_USERS,
    NOT_CANARY,
    USER,
    USUAL_TASK_FAILURES,
)
from copilot.signals.measurement import SizeKind
from copilot.signals.queries import duration, in_long_window, newest
from copilot.signals.roles import Role

MAX_NAMED = 20
"""Namespaces, jobs or instances that one query or one part of a measurement names."""

_AGE = "time() - timestamp(up{$cluster})"

LAST_SCRAPE = f"min by ($role) ({_AGE})"
"""Seconds since each job's newest scrape, successful or not.

An instant query's own time is when it is sent, and a series is found for minutes after its last
sample: only `timestamp` of a bare series tells how old a value is.
"""

SELDOM_SCRAPED = (
    "max by ($role) (count_over_time(up{$cluster}[$short])) < 2"
    " and max by ($role) (count_over_time(up{$cluster}[$short] offset $short)) > 0"
)
"""Jobs scraped too seldom for a rate over the short window, though not just started.

By job, not by instance: an instance that has just left says nothing about those that stay.
"""

NEWLY_SCRAPED = "min by ($role) (sum_over_time(up{$cluster}[$short]) and up{$cluster} == 1)"
"""By job, the fewest successful scrapes of an instance that is up."""

DROPPED = (
    "1 - sum by ($role) (scrape_samples_post_metric_relabeling{$cluster})"
    " / sum by ($role) (scrape_samples_scraped{$cluster}) > 0"
)
"""The share of a job's samples that the newest scrapes read and did not keep."""

DUPLICATES = "count by ($role, $instance) (up{$cluster}) > 1"
"""Instances with several `up` series, though a scrape writes one.

Replicas of a collector write each series, which doubles every rate.
"""

CLUSTER_LABELS = ("cluster", "namespace", "__tenant_id__")
"""Labels of targets that tell clusters apart: a cluster's name, its Kubernetes namespace, a tenant.

Mimir adds the last one where a request names several tenants.
"""

IDENTITIES = f"group by ($role, {', '.join(CLUSTER_LABELS)}) (up{{$cluster}})"
"""The combinations of these labels that the targets of a role have."""

ROLES = (
    "group by ($target, service_name) (last_over_time(counter:persistence_requests"
    f'{{$cluster,service_name=~"{"|".join(Role)}"}}[$long]))'
)
"""The roles of each instance that was scraped in the long window."""

NAMESPACE_REFUSALS = (
    f"topk({MAX_NAMED}, sum by (namespace) (rate(counter:service_errors_resource_exhausted"
    f'{{$cluster,{FRONTEND_OF_USERS},resource_exhausted_cause=~"RpsLimit|ConcurrentLimit"}}'
    "[$short])) > 0)"
)
"""Requests a second that a limit of requests refused, by namespace."""

NAMESPACE_REQUESTS = (
    "sum by (namespace) (rate(counter:service_requests"
    f'{{$cluster,{FRONTEND_OF_USERS},operation!~"Poll.*"}}[$short]))'
    f" and on (namespace) {NAMESPACE_REFUSALS}"
)
"""Requests a second without polls, refused ones too, of the namespaces with refused ones."""

TASK_FAILURES = (
    f"topk({MAX_NAMED}, sum by (namespace, failure) (rate(counter:failed_workflow_tasks"
    f'{{$cluster,{USER},failure!~"{USUAL_TASK_FAILURES}"}}[$long])) > 0)'
)
"""Workflow tasks that fail, a second, by namespace and reason."""


DEAD_LETTERS = f"sum by (task_category) ({in_long_window('dlq_writes')}) > 0"
"""Tasks put into the dead letter queue in the long window, by category."""

STORE_ERRORS = (
    "sum by (error_type) (rate(counter:persistence_error_with_type"
    f'{{$cluster,{NOT_CANARY},error_type!~"{EXPECTED_ERRORS}"}}[$short])) > 0'
)
"""Failed calls to the store, a second, by the type of the error."""

OVERSIZED = (
    f"topk({MAX_NAMED}, sum by (namespace, operation)"
    f" ({in_long_window('blob_size_error', USER)}) > 0)"
)
"""Requests refused for the size of a payload in the long window."""


def _largest(kind: SizeKind, histogram: str, where: str = "") -> str:
    matchers = f"$cluster,{USER}{where}"
    # The upper bound of the highest bucket that anything fell into.
    buckets = f"sum by (le, namespace) (rate({histogram}_bucket{{{matchers}}}[$long]))"
    top = f"topk({MAX_NAMED}, histogram_quantile(1, {buckets}))"
    return f'label_replace({top}, "kind", "{kind}", "", "")'


# Recorded with each change of a workflow; other operations record the size of a change.
_WHOLE = ',operation="ExecutionStats"'
LARGEST = " or ".join(
    (
        _largest(SizeKind.HISTORY_EVENTS, "dimensionless:history_count", _WHOLE),
        _largest(SizeKind.HISTORY_BYTES, "bytes:history_size", _WHOLE),
        _largest(SizeKind.PAYLOAD_BYTES, "bytes:event_blob_size"),
        _largest(SizeKind.STATE_BYTES, "bytes:persisted_mutable_state_size"),
    )
)
"""The largest history, payload and state of workflows in the long window, by namespace and kind.

Rounded up to the histogram's next bound: 10 000, 20 000 and 50 000 events, powers of two of bytes.
"""

OWNED_SHARDS = f"sum by ($instance) ({newest('numshards_gauge')})"
"""Shards that each instance of history owns, also those that it is about to give up."""

ROLE_CALLS = "sum by (service_role) (rate(counter:client_requests{$cluster}[$short])) > 0"
"""Calls of services to each other, a second, by the role that is called."""

ROLE_UNAVAILABLE = (
    "sum by (service_role) (rate(counter:client_errors"
    '{$cluster,error_type="serviceerror.Unavailable"}[$short])) > 0'
)
"""Those of them for which no instance was found or answered."""


def fresh_targets(scrape: float, stale_after: float) -> str:
    """Template for `up` of each instance that was scraped in the last `stale_after` s.

    An instance is down when its last two scrapes failed: a single one also fails when a busy
    machine takes longer than a scrape may.
    """
    recent = f"(max_over_time(up{{$cluster}}[{duration(2 * scrape)}]) or up{{$cluster}})"
    return f"max by ($target) ({recent} and ({_AGE}) <= {stale_after:g})"
