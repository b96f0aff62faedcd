"""The stack `watch`, from its settings to its end."""

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from stacks.catalogue.by_stack import catalogue_for
from stacks.watch_settings import WatchSettings
from tests.fakes.docker_engine.memory import JobEnd
from tests.ports import free_ports
from tests.tdeploy.conftest import Clone

PROFILE = ("-p", "watch")


def configure(clone: Clone) -> None:
    """Settings of the stack, with free ports instead of those that this machine may use."""
    ports = sorted(catalogue_for(WatchSettings()).overridable.ports)
    clone.world.configure("watch", ports=free_ports(ports), cluster="prod")


def test_init_asks_where_the_cluster_is(fresh: Clone) -> None:
    done = fresh.tdeploy.asked(
        [
            ("[host.docker.internal:7233]:", "localhost:7233\n"),
            # In a container this is the container itself.
            ("monitored_address: ", ""),
            ("[host.docker.internal:7233]:", "temporal.example.com:7233\n"),
            ("[http://host.docker.internal:9090]:", "\n"),
            ("[default]:", "default,orders\n"),
        ],
        *("init", *PROFILE, "--cluster", "prod"),
    )
    assert done.exit_code == 0, done.stderr
    assert "tdeploy doctor -p watch" in done.stdout
    again = fresh.tdeploy("init", *PROFILE, "--yes", "--cluster", "staging")
    assert again.exit_code == 0, again.stderr
    text = (fresh.world.folder / "Pulumi.watch.yaml").read_text(encoding="utf-8")
    settings = {
        key.removeprefix("copilot:"): value for key, value in yaml.safe_load(text)["config"].items()
    }
    assert WatchSettings.model_validate(settings) == WatchSettings.model_validate(
        {
            "cluster": "staging",
            "monitored_address": "temporal.example.com:7233",
            "monitored_namespaces": ["default", "orders"],
        }
    )
    assert fresh.tdeploy("init", *PROFILE, "--yes", "--region", "eu-west-1").exit_code == 2
    assert fresh.tdeploy("init", "--yes", "--cluster", "prod").exit_code == 2


def proposal(keys: Mapping[str, object], *, is_served: bool) -> dict[str, object]:
    """A cluster as `python -m copilot discover --json` prints it."""
    sureness = "sure" if is_served else "guess"
    return {
        "cluster": keys["cluster"],
        "file": f"cluster: {keys['cluster']}\n",
        "is_own_temporal": False,
        "keys": [{"key": key, "value": value, "sureness": sureness} for key, value in keys.items()],
    }


def test_init_takes_what_discover_finds_in_the_metrics_store(fresh: Clone) -> None:
    docker = fresh.world.docker
    without_image = fresh.tdeploy("init", *PROFILE, "--yes")
    assert "tdeploy build copilot" in without_image.stderr
    docker.images["temporal-sre-copilot:dev"] = "sha256:1"
    matcher = 'namespace="workflows"'
    found = proposal(
        {
            "cluster": "workflows",
            "monitored_address": "host.docker.internal:7233",
            "monitored_namespaces": ["default", "orders"],
            "labels.matcher": matcher,
            "labels.role": "container",
        },
        is_served=True,
    )
    other = proposal({"cluster": "other", "monitored_address": "other:7233"}, is_served=False)
    search = "watch-monitored-sources-discover"
    docker.job_ends[search] = JobEnd(0, f"{json.dumps([other, found])}\n")
    done = fresh.tdeploy("init", *PROFILE, "--yes", "--metrics", "http://metrics.example.com")
    assert done.exit_code == 0, done.stderr
    text = (fresh.world.folder / "Pulumi.watch.yaml").read_text(encoding="utf-8")
    settings = WatchSettings.model_validate(
        {
            key.removeprefix("copilot:"): value
            for key, value in yaml.safe_load(text)["config"].items()
        }
    )
    assert settings.cluster == "workflows"
    assert settings.monitored_namespaces == ("default", "orders")
    assert (settings.labels.matcher, settings.labels.role) == (matcher, "container")
    # What was found once, or set by hand, stays.
    docker.job_ends[search] = JobEnd(2, "error: the metrics store answered HTTP 401\n")
    again = fresh.tdeploy("init", *PROFILE, "--yes")
    assert again.exit_code == 0, again.stderr
    assert (fresh.world.folder / "Pulumi.watch.yaml").read_text(encoding="utf-8") == text
    assert not docker.containers


def test_a_folder_of_cluster_files_takes_the_place_of_one_cluster(
    fresh: Clone, tmp_path: Path
) -> None:
    folder = tmp_path / "clusters"
    with_folder = ("init", *PROFILE, "--yes", "--clusters-folder", str(folder))
    missing = fresh.tdeploy(*with_folder)
    assert missing.exit_code == 2
    assert "no folder" in missing.error

    fresh.world.docker.images["temporal-sre-copilot:dev"] = "sha256:1"
    folder.mkdir()
    (folder / "prod.yaml").write_text("cluster: prod  # by hand")
    found = [proposal({"cluster": name}, is_served=False) for name in ("prod", "staging")]
    found.append({**found[0], "cluster": "copilot", "is_own_temporal": True})
    search = "watch-monitored-sources-discover"
    fresh.world.docker.job_ends[search] = JobEnd(0, f"{json.dumps(found)}\n")
    done = fresh.tdeploy(*with_folder, "--metrics", "http://metrics.example.com")
    assert done.exit_code == 0, done.stderr
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "prod.yaml": "cluster: prod  # by hand",
        "staging.yaml": "cluster: staging\n",
    }
    again = fresh.tdeploy("init", *PROFILE, "--yes")
    assert again.exit_code == 0, again.stderr
    of_one = fresh.tdeploy("init", *PROFILE, "--yes", "--cluster", "prod")
    assert of_one.exit_code == 2

    ports = sorted(catalogue_for(WatchSettings()).overridable.ports)
    fresh.world.configure("watch", ports=free_ports(ports))
    up = fresh.tdeploy("up", *PROFILE)
    assert up.exit_code == 0, up.stderr
    assert fresh.tdeploy("env", *PROFILE, "--json").json == {"COPILOT_CLUSTERS_FOLDER": str(folder)}

    fresh.world.configure("watch", cluster="prod")
    refused = fresh.tdeploy("up", *PROFILE)
    assert "rm-all -s watch cluster`" in refused.error
    assert "rm-all -s watch cluster`" in fresh.tdeploy(*with_folder).error


def sources(clone: Clone) -> dict[str, tuple[str, str]]:
    """State and finding of the checks of the watched cluster, by name."""
    answer = clone.tdeploy("doctor", *PROFILE, "--json")
    every = {one["name"]: (one["state"], one["finding"]) for one in answer.json}
    names = ("sources", "metrics store", "frontend")
    return {name: every[name] for name in names if name in every}


def test_doctor_asks_the_sources_from_a_container(fresh: Clone) -> None:
    configure(fresh)
    docker = fresh.world.docker
    assert sources(fresh)["sources"][0] == "unknown"
    docker.images["temporal-sre-copilot:dev"] = "sha256:1"
    found = [
        {"name": "metrics store", "state": "wrong", "finding": "answered HTTP 401"},
        {"name": "frontend", "state": "ok", "finding": "has the namespace default"},
    ]
    check = "watch-monitored-sources-check"
    docker.job_ends[check] = JobEnd(1, f"{json.dumps(found)}\n")
    assert sources(fresh) == {one["name"]: (one["state"], one["finding"]) for one in found}
    docker.job_ends[check] = JobEnd(2, "error: wrong settings: COPILOT_METRICS_HEADERS_FILE\n")
    state, finding = sources(fresh)["sources"]
    assert state == "wrong"
    assert "HEADERS_FILE" in finding
    assert not docker.containers
    fresh.world.configure("watch", monitored_address="localhost:7233")
    assert not sources(fresh)


def test_it_comes_up_and_goes_and_keeps_its_history(fresh: Clone) -> None:
    configure(fresh)
    docker = fresh.world.docker
    up = fresh.tdeploy("up", *PROFILE)
    assert up.exit_code == 0, up.stderr
    assert {one.name.removeprefix("watch-") for one in docker.listed()} == set(
        catalogue_for(WatchSettings()).workloads
    )
    again = fresh.tdeploy("up", *PROFILE)
    assert (again.exit_code, again.stderr, again.stdout) == (0, "", up.stdout)

    assert fresh.tdeploy("env", *PROFILE, "--json").json == {
        "COPILOT_CLUSTER": "prod",
        "LOKI_URL": "",
        "MONITORED_TEMPORAL_ADDRESS": "host.docker.internal:7233",
        "PROMETHEUS_ENDPOINT": "http://host.docker.internal:9090",
    }
    status = fresh.tdeploy("status", *PROFILE, "--json").json
    assert len([one for one in status["containers"] if not one["is_job"]]) == 4
    # It has no database of a monitored cluster.
    assert fresh.tdeploy("schema", "setup", *PROFILE).exit_code == 2
    assert fresh.tdeploy("schema", "setup-copilot", *PROFILE).exit_code == 0

    assert fresh.tdeploy("services", "down", *PROFILE).exit_code == 0
    assert not docker.containers
    down = fresh.tdeploy("down", *PROFILE, "--yes")
    assert down.exit_code == 0, down.stderr
    assert docker.volumes
    assert not (fresh.world.folder / ".env").exists()
