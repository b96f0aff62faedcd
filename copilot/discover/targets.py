"""The scrape targets of Temporal servers in a metrics store, from the answers to its queries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from copilot.signals.instant_query import Sample
from copilot.signals.roles import Role

_ROLES = f'service_name=~"{"|".join(Role)}"'
_OF_BUILDS = (
    "build_date, build_platform, build_version, git_revision, go_version, otel_scope_name,"
    " otel_scope_version, otel_scope_schema_url"
)
_OF_CALLS = "operation, namespace, exported_namespace, otel_scope_name, otel_scope_version"
_INFO = f'{{__name__=~"(.+_)?build_information",{_ROLES}}}'
_CALLS = f'{{__name__=~"(.+_)?persistence_requests(_total)?",{_ROLES}}}'

LATELY = f"group without ({_OF_BUILDS}) (last_over_time({_INFO}[1h]))"
"""The servers of the last hour, also those that are down: `build_information` is one series a role.

Its labels are those of its target, with `service_name` and what the server's own settings add.
"""

NOW = f"group without ({_OF_CALLS}) ({_CALLS})"
"""The servers that export calls to the store now, without labels that are Temporal's or a pod's."""

ANY = f"group by (job, instance) (last_over_time({_INFO}[1h]) or {_CALLS})"
"""The places of all servers, for comparison with other series."""

UP = f"up and on (job, instance) {ANY}"
"""The scrapes of these servers, with all labels of their targets."""

NAMESPACES = f"group by (job, namespace, exported_namespace) ({_CALLS})"
"""What stands in the labels for namespaces, by job."""

OWN = (
    "group without (taskqueue, task_type, partition, task_priority, namespace, exported_namespace)"
    ' ({__name__=~"(.+_)?approximate_backlog_count",taskqueue=~"copilot.task.queue"})'
)
"""Servers with the task queue of a Copilot: its own Temporal."""

SDK = (
    "up and on (job, instance) group by (job, instance)"
    ' ({__name__=~"temporal_(long_)?request(_total)?"})'
)
"""The scrapes of processes with an SDK: users' workers, and servers, which run workers, too."""

ALLOY = "group(alloy_build_info)"
"""Whether Grafana Alloy sends to the store."""

_NAMESPACES = {"namespace", "exported_namespace"}
_ON_SERIES = {"__name__", "service_name"}


@dataclass(frozen=True)
class Look:
    """The answers to the queries of this module, by what they describe."""

    lately: tuple[Sample, ...] = ()
    now: tuple[Sample, ...] = ()
    up: tuple[Sample, ...] = ()
    namespaces: tuple[Sample, ...] = ()
    own: tuple[Sample, ...] = ()
    sdk: tuple[Sample, ...] = ()
    has_alloy: bool = False


@dataclass(frozen=True)
class Target:
    """One process with at least one role of the server.

    `labels` are those by which its series and its `up` can be selected; `up` is None where the
    store has no such series. `is_own` is whether it serves a Copilot.
    """

    labels: Mapping[str, str]
    roles: frozenset[Role]
    up: bool | None
    is_own: bool = False

    @property
    def job(self) -> str:
        return self.labels.get("job", "")


def read_targets(look: Look) -> tuple[Target, ...]:
    """The targets that are scraped, and those that export metrics without being scraped.

    One that has left within the last hour is none of them.
    """
    unusable = _jobs_with_own_namespace(look)
    series = [*look.now, *look.lately]
    by_place = defaultdict(list)
    for index, sample in enumerate(series):
        by_place[_place(sample.labels)].append(index)
    found: list[Target] = []
    scraped: set[int] = set()
    for sample in look.up:
        its = [
            index
            for index in by_place[_place(sample.labels)]
            if _agree(sample.labels, series[index].labels)
        ]
        scraped.update(its)
        roles = frozenset(Role(series[index].labels["service_name"]) for index in its)
        if roles:
            labels = _selecting(sample.labels, unusable)
            found.append(Target(labels, roles, sample.value > 0, _is_own(labels, look)))
    without: defaultdict[frozenset[tuple[str, str]], set[Role]] = defaultdict(set)
    for index, sample in enumerate(look.now):
        if index not in scraped:
            labels = _selecting(sample.labels, unusable)
            without[frozenset(labels.items())].add(Role(sample.labels["service_name"]))
    for items, its_roles in without.items():
        labels = dict(items)
        found.append(Target(labels, frozenset(its_roles), None, _is_own(labels, look)))
    return tuple(found)


def sdk_processes(look: Look) -> tuple[Mapping[str, str], ...]:
    """The labels of processes that have an SDK and are no servers: users' workers."""
    servers = {_place(sample.labels) for sample in (*look.now, *look.lately)}
    return tuple(one.labels for one in look.sdk if _place(one.labels) not in servers)


def _jobs_with_own_namespace(look: Look) -> set[str]:
    """Jobs with `honor_labels`, whose series have Temporal's namespace in place of the pod's."""
    pods: defaultdict[str, set[str]] = defaultdict(set)
    for sample in look.up:
        if "namespace" in sample.labels:
            pods[sample.labels.get("job", "")].add(sample.labels["namespace"])
    return {
        job
        for sample in look.namespaces
        if (job := sample.labels.get("job", "")) in pods
        and "exported_namespace" not in sample.labels
        and sample.labels.get("namespace", "") not in pods[job]
    }


def _selecting(labels: Mapping[str, str], unusable: set[str]) -> dict[str, str]:
    """The labels, without `namespace` where it is not on the series as well."""
    hidden = _ON_SERIES | (_NAMESPACES if labels.get("job", "") in unusable else set())
    return {name: value for name, value in labels.items() if name not in hidden and value}


def _agree(target: Mapping[str, str], series: Mapping[str, str]) -> bool:
    return all(
        series[name] == value
        for name, value in target.items()
        if name in series and name not in _NAMESPACES | _ON_SERIES
    )


def _is_own(labels: Mapping[str, str], look: Look) -> bool:
    return any(
        _place(labels) == _place(sample.labels) and _agree(labels, sample.labels)
        for sample in look.own
    )


def _place(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("job", ""), labels.get("instance", "")
