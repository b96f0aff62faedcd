"""The clusters that a process works for: of the environment, or of a folder."""

from collections.abc import Callable
from pathlib import Path

from copilot.clusters.cluster import ClusterSettings
from copilot.clusters.folder import Clusters, ClustersFolder
from copilot.settings import Settings

ReadClusters = Callable[[], Clusters]


def configured_clusters(settings: Settings) -> ReadClusters:
    """A function that returns the clusters as they are now; with a folder, it reads files."""
    if settings.clusters_folder:
        return ClustersFolder(Path(settings.clusters_folder)).read
    only = ClusterSettings.of_environment(settings)
    clusters = Clusters({only.cluster: only})
    return lambda: clusters
