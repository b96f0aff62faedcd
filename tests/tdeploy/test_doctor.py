"""`tdeploy doctor`: the state of each check, and its fix."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.tdeploy.conftest import Clone

NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@contextmanager
def used_port() -> Iterator[int]:
    """A port on which a program of this machine listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def ports(clone: Clone) -> dict[str, int]:
    """The configured ports: the default ones may be in use on this machine."""
    text = (clone.world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8")
    configured: dict[str, int] = yaml.safe_load(text)["config"]["copilot:ports"]
    return configured


def checks(clone: Clone, *words: str, **more: str) -> dict[str, dict[str, str]]:
    """The checks by name."""
    answer = clone.tdeploy("doctor", *words, "--json", **more)
    return {check["name"]: check for check in json.loads(answer.stdout)}


def test_a_healthy_stack_is_ok(local: Clone) -> None:
    ended = local.tdeploy("doctor", "-p", "local", "--json")
    assert ended.exit_code == 0, ended.stdout
    found = {check["name"]: check["state"] for check in json.loads(ended.stdout)}
    names = ("pulumi", "settings", "docker", "architecture", "memory", "ports", "images")
    assert {found[name] for name in names} == {"ok"}
    assert {"cpus", "disk"} <= found.keys()
    assert "aws" not in found


def test_what_does_not_reach_containers_is_a_warning(local: Clone) -> None:
    here = {"HTTPS_PROXY": "http://proxy.example.com:3128", "AWS_CA_BUNDLE": "/etc/company.pem"}
    found = checks(local, "-p", "local", **here)
    assert "pulumi config set -s local proxy" in found["proxy"]["fix"]
    assert "/etc/company.pem" in found["certificates"]["fix"]
    assert found["engine's proxy"]["state"] == "warning"
    local.world.configure("local", proxy=here["HTTPS_PROXY"])
    found = checks(local, "-p", "local", **here)
    assert "proxy" not in found


def test_a_fix_follows_what_is_wrong(local: Clone) -> None:
    with used_port() as port:
        local.world.configure("local", ports={**ports(local), "grafana": port})
        ended = local.tdeploy("doctor", "-p", "local")
    assert ended.exit_code == 1
    lines = ended.stdout.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("wrong ")]
    assert f"port {port}, which grafana needs" in lines[place]
    assert "pulumi config set -s local --path ports.grafana PORT" in lines[place + 1]

    local.world.configure("local", histroy_shards=4)
    found = checks(local, "-p", "local", **NO_DOCKER)
    assert found["settings"]["state"] == "wrong"
    assert "histroy_shards" in found["settings"]["finding"]
    assert "history_shards" in found["settings"]["finding"]
    assert found["docker"]["state"] == "wrong"
    assert "DOCKER_HOST" in found["docker"]["fix"]


def test_a_check_that_cannot_be_made_is_unknown(fresh: Clone, tmp_path: Path) -> None:
    found = checks(fresh, "-p", "local", **NO_DOCKER)
    for name in ("architecture", "cpus", "memory", "images"):
        assert found[name]["state"] == "unknown"
    assert found["ports"]["state"] == "ok"
    with used_port() as port:
        fresh.world.configure("local", ports={**ports(fresh), "grafana": port})
        found = checks(fresh, "-p", "local", **NO_DOCKER)
    assert found["ports"]["state"] == "warning"
    assert f"port {port}, which grafana needs" in found["ports"]["finding"]

    without_pulumi = {"PATH": str(tmp_path), "TEMPORAL_SRE_COPILOT_CACHE": str(tmp_path)}
    found = checks(fresh, "-p", "local", **without_pulumi)
    for name in ("passphrase", "settings"):
        assert found[name]["state"] == "unknown"


def test_aws_is_checked_for_the_stack_that_needs_it(without_aws: Clone) -> None:
    world = without_aws.world
    found = checks(without_aws)
    names = ("aws", "region", "model", "deep_model")
    assert {found[name]["state"] for name in names} == {"ok"}
    world.aws_calls.refusal = ("ExpiredToken", "expired")
    found = checks(without_aws)
    assert found["aws"]["state"] == "wrong"
    assert "ExpiredToken" in found["aws"]["finding"]
    assert {found[name]["state"] for name in ("region", "model", "deep_model")} == {"unknown"}
