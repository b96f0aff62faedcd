"""One cycle's measurement from the metrics store: every signal, or why it has no value."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from copilot.signals.catalog import CATALOG
from copilot.signals.cluster_queries import (
    DEAD_LETTERS,
    LARGEST,
    MAX_NAMED,
    NAMESPACE_REFUSALS,
    NAMESPACE_REQUESTS,
    OVERSIZED,
    OWNED_SHARDS,
    ROLE_CALLS,
    ROLE_UNAVAILABLE,
    STORE_ERRORS,
    TASK_FAILURES,
)
from copilot.signals.cycle_queries import CycleQueries
from copilot.signals.instant_query import Answer, Sample
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.matchers import is_lasting_user_queue
from copilot.signals.measurement import Measurement, NamespaceLoad, TaskFailures, WorkflowOutcome
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.queue_queries import (
    ACTIVE_QUEUES,
    MAX_FAILING_TYPES,
    MAX_SUCCESSFUL_TYPES,
    OUTCOMES,
    SUSPECTED_NAMESPACES,
    SUSPECTED_QUEUES,
)
from copilot.signals.reading import Absence, Reading
from copilot.signals.readings import CycleReadings
from copilot.signals.roles import Role
from copilot.signals.server_parts import (
    dead_letters,
    largest,
    oversized,
    owned_shards,
    role_calls,
    store_errors,
)

MAX_OUTCOMES = MAX_FAILING_TYPES + MAX_SUCCESSFUL_TYPES
# Three queries that take a tenth of a second; the verdict does not wait longer for them.
EXPLAINING_SECONDS = 2.0
_KINDS = frozenset(QueueKind)


async def measure(
    client: MetricsClient,
    *,
    cluster: str,
    short: float,
    long: float,
    scrape: float,
    stale_after: float,
    known: KnownCluster | None = None,
) -> Measurement:
    """Query everything about `cluster`: first the signals that decide, then those that explain.

    The second batch has little time, and its failure changes no reading of the first.

    `short` and `long` are the windows of rates and quantiles, `scrape` is the interval of the
    store's scrapes, all in seconds; a scrape older than `stale_after` seconds is
    stale. `known` has the cluster's labels and what earlier cycles found, and is updated.
    Raises nothing for what the store does: an unreachable store gives a Measurement with
    `source_absence`.
    """
    known = known or KnownCluster()
    in_style = partial(
        CycleQueries,
        cluster,
        known.labels,
        short=short,
        long=long,
        scrape=scrape,
        stale_after=stale_after,
    )
    queries = in_style(style=known.style)
    clock = asyncio.get_running_loop()
    begin = clock.time()
    answers = await client.query_all(queries.deciding.queries)
    failures = [answer for answer in answers.values() if answer.absence]
    if len(failures) == len(answers):
        return _without_source(failures[0])
    if (style := queries.naming(answers).style) and style != known.style:
        known.style, queries = style, in_style(style=style)
        left = max(0.0, client.budget_seconds - (clock.time() - begin))
        answers = await client.query_all(queries.deciding.queries, budget_seconds=left)
    left = client.budget_seconds - (clock.time() - begin)
    answers |= await client.query_all(
        queries.explaining.queries, budget_seconds=max(0.0, min(left, EXPLAINING_SECONDS))
    )
    cycle = CycleReadings(queries, answers, known)
    newest = cycle.newest()
    return Measurement(
        readings={signal.name: cycle.reading(signal) for signal in CATALOG} | _lost(newest),
        newest=newest,
        targets={role: cycle.targets[role] for role in Role},
        instances={role: cycle.instances[role] for role in Role},
        learned_roles=known.learned,
        duplicates=cycle.duplicates(),
        identities=cycle.identities(),
        dropped=cycle.dropped(),
        outcomes=_outcomes(cycle.samples(OUTCOMES)),
        active_queues=_queues(cycle.samples(ACTIVE_QUEUES)),
        suspected_queues=_queues(cycle.samples(SUSPECTED_QUEUES)),
        queues_absence=cycle.absence(SUSPECTED_QUEUES),
        suspected_namespaces=_namespaces(cycle.samples(SUSPECTED_NAMESPACES)),
        refusals=_refusals(cycle, newest_known=bool(newest)),
        task_failures=_task_failures(cycle.samples(TASK_FAILURES)),
        dead_letters=dead_letters(cycle.samples(DEAD_LETTERS)),
        owned_shards=owned_shards(cycle.samples(OWNED_SHARDS), known),
        role_calls=role_calls(cycle.samples(ROLE_CALLS), cycle.samples(ROLE_UNAVAILABLE)),
        oversized=oversized(cycle.samples(OVERSIZED)),
        largest=largest(cycle.samples(LARGEST)),
        store_errors=store_errors(cycle.samples(STORE_ERRORS)),
    )


def _without_source(failure: Answer) -> Measurement:
    absence = failure.absence or Absence.REFUSED
    missing = Reading.missing(absence, failure.detail)
    return Measurement(
        readings={signal.name: missing for signal in CATALOG},
        targets=dict.fromkeys(Role, missing),
        source_absence=absence,
        source_detail=failure.detail,
    )


def _outcomes(samples: Iterable[Sample]) -> tuple[WorkflowOutcome, ...]:
    """One entry a queue and workflow type, most failures first, at most `MAX_OUTCOMES`."""
    rates: dict[tuple[str, str, str], dict[str, float]] = {}
    for sample in samples:
        labels = sample.labels
        key = (
            labels.get("namespace", ""),
            labels.get("taskqueue", ""),
            labels.get("workflowType", ""),
        )
        rates.setdefault(key, {})[labels.get("outcome", "")] = sample.value
    outcomes = [
        WorkflowOutcome(
            namespace=namespace,
            task_queue=queue,
            workflow_type=workflow_type,
            success_rate=by_outcome.get("success", 0.0),
            failed_rate=by_outcome.get("failed", 0.0) + by_outcome.get("timeout", 0.0),
        )
        for (namespace, queue, workflow_type), by_outcome in rates.items()
        if any(by_outcome.values())
    ]
    outcomes.sort(key=lambda outcome: (-outcome.failed_rate, -outcome.success_rate))
    return tuple(outcomes[:MAX_OUTCOMES])


def _lost(newest: Mapping[str, Reading]) -> dict[str, Reading]:
    """Quantiles of which the newest scrapes have no buckets: the long window keeps a value.

    It would be the last one for minutes, whatever happens.
    """
    return {name: one for name, one in newest.items() if one.absence is Absence.NOT_A_NUMBER}


def _refusals(cycle: CycleReadings, *, newest_known: bool) -> tuple[NamespaceLoad, ...]:
    """The namespaces with refused requests, most first, at most `MAX_NAMED`."""
    rates = _by_namespace(cycle.samples(NAMESPACE_REQUESTS))
    newly = _by_namespace(cycle.samples(NAMESPACE_REFUSALS, newest=True))
    known = newest_known and not cycle.absence(NAMESPACE_REFUSALS, newest=True)
    loads = [
        NamespaceLoad(
            namespace=name,
            request_rate=rates.get(name, 0.0),
            refused_rate=rate,
            newly_refused_rate=newly.get(name, 0.0) if known else None,
        )
        for name, rate in _by_namespace(cycle.samples(NAMESPACE_REFUSALS)).items()
        if rate > 0 and name
    ]
    return tuple(sorted(loads, key=lambda load: -load.refused_rate)[:MAX_NAMED])


def _by_namespace(samples: Iterable[Sample]) -> dict[str, float]:
    return {sample.labels.get("namespace", ""): sample.value for sample in samples}


def _task_failures(samples: Iterable[Sample]) -> tuple[TaskFailures, ...]:
    """Most first, at most `MAX_NAMED`."""
    failures = [
        TaskFailures(
            namespace=sample.labels.get("namespace", ""),
            reason=sample.labels.get("failure", ""),
            rate=sample.value,
        )
        for sample in samples
    ]
    return tuple(sorted(failures, key=lambda one: -one.rate)[:MAX_NAMED])


def _queues(samples: Iterable[Sample]) -> tuple[QueueKey, ...]:
    """Lasting user queues, those with the highest value first."""
    values: dict[QueueKey, float] = {}
    for sample in samples:
        name, kind = sample.labels.get("taskqueue", ""), sample.labels.get("task_type", "").lower()
        if is_lasting_user_queue(name) and kind in _KINDS:
            namespace = sample.labels.get("namespace", "")
            key = QueueKey(namespace=namespace, name=name, kind=QueueKind(kind))
            values[key] = sample.value
    return tuple(sorted(values, key=lambda key: -values[key]))


def _namespaces(samples: Iterable[Sample]) -> tuple[str, ...]:
    return tuple(sample.labels.get("namespace", "") for sample in samples)
