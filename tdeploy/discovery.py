"""What the metrics store of the stack `watch` has, for the questions of `tdeploy init`."""

import json
from collections.abc import Mapping

from components.docker_engine import DockerEngineError
from stacks.watch_settings import WatchSettings
from tdeploy.console import print_err
from tdeploy.errors import TdeployError
from tdeploy.source_container import IMAGE, is_image_missing, run_with_sources

_KEYS = ("cluster", "monitored_namespaces")
_GROUP = "labels."


def discover(settings: WatchSettings, cluster: str) -> dict[str, str]:
    """Settings for a cluster of the store: its name, namespaces, and labels such as `labels.role`.

    It is `cluster`, or the one that is meant where that is empty. Prints why there is none.
    """
    store = settings.prometheus_endpoint
    try:
        if is_image_missing():
            print_err(
                f"{store} is not searched for clusters: {IMAGE} is not built yet. To have it"
                f" searched: tdeploy build copilot -p {settings.stack}, then this again"
            )
            return {}
        arguments = 'discover --json --frontend "$MONITORED_TEMPORAL_ADDRESS"'
        output = run_with_sources(settings, "discover", arguments)
    except (DockerEngineError, TdeployError, ValueError) as error:
        print_err(f"{store} is not searched for clusters: {error}")
        return {}
    for line in output.stderr.splitlines():
        print_err(line)
    return _chosen(output.stdout, cluster)


def _chosen(answer: str, cluster: str) -> dict[str, str]:
    """The settings for the cluster that is named, that the frontend serves, or the only one."""
    try:
        found = {one["cluster"]: one for one in json.loads(answer or "[]")}
        keys = {name: {key["key"]: key for key in one["keys"]} for name, one in found.items()}
        served = [name for name in found if keys[name]["monitored_address"]["sureness"] != "guess"]
        others = [name for name, one in found.items() if not one["is_own_temporal"]]
        values = {
            name: {key: one["value"] for key, one in its.items()} for name, its in keys.items()
        }
    except (ValueError, KeyError, TypeError):
        print_err("the search for clusters gave no answer")
        return {}
    candidates = [cluster] if cluster else served or others
    if len(candidates) == 1 and candidates[0] in found:
        print_err(f"found the cluster {candidates[0]} in the metrics store")
        return _as_settings(values[candidates[0]])
    if found:
        print_err(f"the metrics store has {', '.join(found)}: choose with --cluster NAME")
    return {}


def _as_settings(values: Mapping[str, str | list[str]]) -> dict[str, str]:
    return {
        key: ",".join(value) if isinstance(value, list) else value
        for key, value in values.items()
        if key in _KEYS or key.startswith(_GROUP)
    }
