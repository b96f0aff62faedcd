"""Whether the metrics store has one cluster that the rules can judge: a part of `check`."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from copilot.access.temporal import MonitoredTemporal
from copilot.errors import AccessError
from copilot.finding import Finding
from copilot.health.decision import Memory, RuleResult
from copilot.health.evaluate import evaluate
from copilot.health.rules.no_view import LABELS
from copilot.health.thresholds import Thresholds
from copilot.settings import Settings
from copilot.signals.identity import Identity, identify
from copilot.signals.instant_query import Answer, Sample
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.measure import measure
from copilot.signals.measurement import Measurement
from copilot.signals.naming import NAMES, find_naming
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queries import fill
from copilot.signals.queue import QueueSurvey
from copilot.signals.roles import Role
from copilot.signals.snapshot import Snapshot

# More than in a cycle: the first request looks up names and signs in.
SECONDS = 10.0
_SHOWN = 5
_STORE, _ROLES, _SIGNALS = "metrics store", "roles", "signals"
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"')


async def check_metrics(settings: Settings) -> AsyncIterator[Finding]:
    """A finding on the store; where that is well, one on its targets and one on its signals."""
    async with MetricsClient(
        settings.prometheus_endpoint, settings.metrics, timeout_seconds=SECONDS
    ) as client:
        store = await _check_store(client, settings)
        yield store
        if store.state != "ok":
            return
        known = KnownCluster(settings.labels)
        found = await measure(
            client,
            cluster=settings.cluster,
            short=settings.short_window_seconds,
            long=settings.long_window_seconds,
            scrape=settings.scrape_seconds,
            stale_after=settings.stale_after_seconds,
            known=known,
        )
    yield _check_roles(found)
    yield await _check_signals(settings, found, known)


async def _check_store(client: MetricsClient, settings: Settings) -> Finding:
    """Whether the store answers, and has targets of the cluster with metrics of Temporal."""
    labels, short, long = (
        settings.labels,
        settings.short_window_seconds,
        settings.long_window_seconds,
    )
    matchers = labels.metrics_of(settings.cluster)
    used = tuple(dict.fromkeys(re.findall(r"\w+", _VALUE.sub("", matchers))))
    selected = f"count(up{{{matchers}}})"
    every = f"count by ({', '.join(used)}) (up)"
    names = fill(NAMES, settings.cluster, short, long, labels=labels)
    answers = await client.query_all((selected, every, names))
    for one in answers.values():
        if one.absence:
            return Finding(_STORE, "wrong", one.detail)
    if found := answers[selected].samples:
        targets = f"{found[0].value:.0f} targets have {matchers}"
        return _check_names(targets, answers[names], labels.namespace)
    return Finding(_STORE, "wrong", _unmatched(matchers, used, answers[every].samples))


def _unmatched(matchers: str, labels: Sequence[str], targets: Sequence[Sample]) -> str:
    """Why no target matches: the values that the targets have of the matchers' labels."""
    if not targets:
        return "it has no series `up`: scrape the cluster's servers"
    others = sorted(
        {
            ",".join(f'{name}="{value}"' for name in labels if (value := one.labels.get(name)))
            for one in targets
        }
        - {""}
    )
    if not others:
        listed = ", ".join(labels)
        return f"no target has the label {listed}: add {matchers} where the servers are scraped"
    more = f"; and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"no target has {matchers}; there are {'; '.join(others[:_SHOWN])}{more}"


def _check_names(targets: str, answer: Answer, namespace: str) -> Finding:
    """Whether the targets export Temporal's metrics in a style that is known."""
    naming = find_naming(answer.samples, namespace)
    if naming.style:
        return Finding(_STORE, "ok", f"{targets}, with metrics such as {naming.names[0]}")
    if naming.names:
        problem = f"{targets}, but {naming.problem}; found: {', '.join(naming.names)}"
        return Finding(_STORE, "wrong", problem)
    problem = f"{targets}, but no persistence_requests: give the servers' targets these labels"
    return Finding(_STORE, "wrong", problem)


def _check_roles(found: Measurement) -> Finding:
    """Whether each role has targets."""
    counts = {role: len(found.instances.get(role, ())) for role in Role}
    listed = ", ".join(f"{role} {count}" for role, count in counts.items() if count)
    missing = [role for role, count in counts.items() if not count]
    if not missing:
        return Finding(_ROLES, "ok", f"instances: {listed}")
    reason = found.targets[missing[0]].detail
    if not listed:
        return Finding(_ROLES, "wrong", f"no target has a role: {reason}")
    return Finding(_ROLES, "warning", f"instances: {listed}; no {', '.join(missing)}: {reason}")


async def _check_signals(settings: Settings, found: Measurement, known: KnownCluster) -> Finding:
    """Whether the series are of one cluster, the frontend's, and which rules lack a signal."""
    identity = Identity()
    namespaces, rewritten = settings.monitored_namespaces, known.style.rewrites_values
    try:
        client = await MonitoredTemporal(settings.monitored_address, settings.monitored).client()
        identity = await identify(client, found, namespaces, SECONDS, rewritten=rewritten)
    except AccessError:
        pass  # which the finding on the frontend reports
    snapshot = Snapshot(
        cluster=settings.cluster,
        at=datetime.now(UTC),
        metrics=found,
        queues=QueueSurvey(),
        shards=identity.shards,
        foreign_namespaces=identity.foreign_namespaces,
    )
    rules = evaluate(Memory(), snapshot, Thresholds()).gates
    if blind := [rule for rule in rules if rule.fired and rule.fires_when == "missing"]:
        reason = blind[0].detail
        # A cluster that is down now may be watched; metrics of another one are a wrong setting.
        return Finding(_SIGNALS, "wrong" if blind[0].subject == LABELS else "warning", reason)
    if missing := [rule for rule in rules if rule.is_missing]:
        return Finding(_SIGNALS, "warning", f"rules without a signal: {_named(missing)}")
    return Finding(_SIGNALS, "ok", f"all {len(rules)} rules have their signals")


def _named(missing: Sequence[RuleResult]) -> str:
    reasons = dict.fromkeys(
        f"{rule.name} needs {rule.signal} ({rule.detail or rule.absence})" for rule in missing
    )
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return "; ".join([*reasons][:_SHOWN]) + more
