"""The parts of a measurement that name which part of the server has a problem."""

from collections.abc import Iterable

from copilot.signals.cluster_queries import MAX_NAMED
from copilot.signals.instant_query import Sample
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.measurement import (
    DeadLetters,
    LargestSize,
    OversizedRequests,
    OwnedShards,
    RoleCalls,
    SizeKind,
    StoreErrors,
)


def dead_letters(samples: Iterable[Sample]) -> tuple[DeadLetters, ...]:
    """The categories of tasks put into the dead letter queue, most first."""
    written = [
        DeadLetters(category=sample.labels.get("task_category", ""), written=sample.value)
        for sample in samples
    ]
    return tuple(sorted(written, key=lambda one: -one.written))


def store_errors(samples: Iterable[Sample]) -> tuple[StoreErrors, ...]:
    """The types of errors of the store, most first."""
    errors = [
        StoreErrors(error_type=sample.labels.get("error_type", ""), rate=sample.value)
        for sample in samples
    ]
    return tuple(sorted(errors, key=lambda one: -one.rate))


def oversized(samples: Iterable[Sample]) -> tuple[OversizedRequests, ...]:
    """Requests refused for their size, most first, at most `MAX_NAMED`."""
    refused = [
        OversizedRequests(
            namespace=sample.labels.get("namespace", ""),
            operation=sample.labels.get("operation", ""),
            count=sample.value,
        )
        for sample in samples
    ]
    return tuple(sorted(refused, key=lambda one: -one.count)[:MAX_NAMED])


def largest(samples: Iterable[Sample]) -> tuple[LargestSize, ...]:
    """The largest of each kind and namespace, the largest first, at most `MAX_NAMED` a kind."""
    sizes = [
        LargestSize(
            kind=SizeKind(sample.labels["kind"]),
            namespace=sample.labels.get("namespace", ""),
            size=sample.value,
        )
        for sample in samples
    ]
    sizes.sort(key=lambda one: -one.size)
    return tuple(
        one for kind in SizeKind for one in [s for s in sizes if s.kind is kind][:MAX_NAMED]
    )


def owned_shards(samples: Iterable[Sample], known: KnownCluster) -> tuple[OwnedShards, ...]:
    owned = (
        OwnedShards(instance=known.name(sample.labels), shards=sample.value) for sample in samples
    )
    return tuple(sorted(owned, key=lambda one: one.instance))


def role_calls(calls: Iterable[Sample], unavailable: Iterable[Sample]) -> tuple[RoleCalls, ...]:
    failed = {sample.labels.get("service_role"): sample.value for sample in unavailable}
    return tuple(
        RoleCalls(role=role, rate=sample.value, unavailable_rate=failed.get(role, 0.0))
        for sample in calls
        if (role := sample.labels.get("service_role", ""))
    )
