"""What the metrics store of the stack `watch` has, for `tdeploy init`."""

import json
from collections.abc import Mapping
from pathlib import Path

from components.docker_engine import DockerEngineError
from stacks.watch_settings import WatchSettings
from tdeploy.console import print_err
from tdeploy.errors import TdeployError
from tdeploy.source_container import IMAGE, is_image_missing, run_with_sources

_KEYS = ("cluster", "monitored_namespaces")
_GROUP = "labels."
_NO_ANSWER = "the search for clusters gave no answer"


def discover(settings: WatchSettings, cluster: str) -> dict[str, str]:
    """Settings for a cluster of the store: its name, namespaces, and labels such as `labels.role`.

    It is `cluster`, or the one that is meant where that is empty. Prints why there is none.
    """
    answer = _search(settings, '--frontend "$MONITORED_TEMPORAL_ADDRESS"')
    return _chosen(answer, cluster) if answer else {}


def write_cluster_files(settings: WatchSettings, folder: Path) -> None:
    """Write a file for each cluster of the store into the folder; one that exists stays.

    The frontend is asked where `monitored_address` is set. Raises TdeployError.
    """
    is_asked = "monitored_address" in settings.model_fields_set
    answer = _search(settings, '--frontend "$MONITORED_TEMPORAL_ADDRESS"' if is_asked else "")
    try:
        files = {
            one["cluster"]: one["file"]
            for one in json.loads(answer or "[]")
            if not one["is_own_temporal"]
        }
    except (ValueError, KeyError, TypeError):
        print_err(_NO_ANSWER)
        return
    for name, text in files.items():
        path = folder / f"{name}.yaml"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            print_err(f"{path} exists, and stays as it is")
        except OSError as error:
            raise TdeployError(f"{path}: cannot be written: {error.strerror}") from error
        else:
            print_err(f"wrote {path}: check what it calls a guess")


def _search(settings: WatchSettings, arguments: str) -> str:
    """The answer of `discover --json`; prints what is wrong, and is then empty or not all."""
    store = settings.prometheus_endpoint
    try:
        if is_image_missing():
            print_err(
                f"{store} is not searched for clusters: {IMAGE} is not built yet. To have it"
                f" searched: tdeploy build copilot -p {settings.stack}, then this again"
            )
            return ""
        output = run_with_sources(settings, "discover", f"discover --json {arguments}")
    except (DockerEngineError, TdeployError, ValueError) as error:
        print_err(f"{store} is not searched for clusters: {error}")
        return ""
    for line in output.stderr.splitlines():
        print_err(line)
    return output.stdout or "[]"


def _chosen(answer: str, cluster: str) -> dict[str, str]:
    """The settings for the cluster that is named, that the frontend serves, or the only one."""
    try:
        found = {one["cluster"]: one for one in json.loads(answer)}
        keys = {name: {key["key"]: key for key in one["keys"]} for name, one in found.items()}
        served = [name for name in found if keys[name]["monitored_address"]["sureness"] != "guess"]
        others = [name for name, one in found.items() if not one["is_own_temporal"]]
        values = {
            name: {key: one["value"] for key, one in its.items()} for name, its in keys.items()
        }
    except (ValueError, KeyError, TypeError):
        print_err(_NO_ANSWER)
        return {}
    candidates = [cluster] if cluster else served or others
    if len(candidates) == 1 and candidates[0] in found:
        print_err(f"found the cluster {candidates[0]} in the metrics store")
        return _as_settings(values[candidates[0]])
    if found:
        print_err(
            f"the metrics store has {', '.join(found)}: choose with --cluster NAME, or watch"
            " several with --clusters-folder"
        )
    return {}


def _as_settings(values: Mapping[str, str | list[str]]) -> dict[str, str]:
    return {
        key: ",".join(value) if isinstance(value, list) else value
        for key, value in values.items()
        if key in _KEYS or key.startswith(_GROUP)
    }
