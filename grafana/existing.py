"""Existing clusters, from their files and what their metrics stores have."""

from collections.abc import Iterable
from pathlib import Path

from copilot.clusters.cluster import ClusterSettings
from copilot.clusters.file import read_cluster
from copilot.errors import CopilotError, FileError, MetricsError
from copilot.signals.naming import NAMES, find_naming
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queries import write
from grafana.shown import ShownCluster

# The first request looks up names and signs in.
_SECONDS = 10.0
_EXPORTED = 'count({{__name__=~"copilot_api_health_state|copilot_gate_fired",{label}="{name}"}})'
_EXPORTED_LABEL = "exported_cluster"


async def existing_clusters(files: Iterable[Path]) -> list[ShownCluster]:
    """The cluster of each file, with the names that its metrics store has.

    Raises FileError for a file, MetricsError or SettingsError for its metrics store.
    """
    read: dict[str, Path] = {}
    found = []
    for file in files:
        cluster = read_cluster(file)
        if other := read.get(cluster.cluster):
            raise FileError(f"{other} and {file}: describe one cluster, {cluster.cluster}")
        read[cluster.cluster] = file
        try:
            found.append(await _existing(cluster))
        except CopilotError as error:
            raise MetricsError(f"{file}: {error}") from error
    return found


async def _existing(cluster: ClusterSettings) -> ShownCluster:
    name, labels = cluster.cluster, cluster.labels
    names = write(NAMES, name, labels=labels)
    exported = _EXPORTED.format(label=_EXPORTED_LABEL, name=name)
    async with MetricsClient(
        cluster.prometheus_endpoint, cluster.metrics, timeout_seconds=_SECONDS
    ) as client:
        answers = await client.query_all((names, exported))
    for answer in answers.values():
        if answer.absence:
            raise MetricsError(answer.detail)
    naming = find_naming(answers[names].samples, labels.namespace)
    if naming.style is None:
        matchers = labels.metrics_of(name)
        problem = naming.problem or "no persistence_requests, so the names are not known"
        listed = f"; found: {', '.join(naming.names)}" if naming.names else ""
        raise MetricsError(f"metrics with {matchers}: {problem}{listed}")
    copilot_label = _EXPORTED_LABEL if answers[exported].samples else "cluster"
    return ShownCluster.existing(name, labels, naming.style, copilot_label=copilot_label)
