"""The Pulumi CLI if it is not on PATH and cannot be downloaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tdeploy.conftest import Clone
from tools.servers import PULUMI

NO_PROXY_THERE = "http://127.0.0.1:9"


def without_pulumi(clone: Clone, folder: Path) -> Clone:
    """The clone of a user with no Pulumi CLI, no Go, no network and an empty cache."""
    empty = folder / "empty"
    empty.mkdir()
    environment = {
        **clone.tdeploy.environment,
        "PATH": str(empty),
        "HTTPS_PROXY": NO_PROXY_THERE,
        "https_proxy": NO_PROXY_THERE,
        "TEMPORAL_SRE_COPILOT_CACHE": str(folder / "cache"),
    }
    return replace(clone, tdeploy=replace(clone.tdeploy, environment=environment))


@pytest.fixture
def offline(fresh: Clone, tmp_path: Path) -> Clone:
    """A fresh clone without Pulumi."""
    return without_pulumi(fresh, tmp_path)


def built(clone: Clone, binaries: Path) -> Path:
    """Put the CLI into the cache, as a build does."""
    path = Path(clone.tdeploy.environment["TEMPORAL_SRE_COPILOT_CACHE"], "bin", PULUMI.cached.name)
    path.parent.mkdir(parents=True)
    path.symlink_to(binaries / "pulumi")
    return path


def test_one_download_is_tried(offline: Clone) -> None:
    status = offline.tdeploy("status", "-p", "local")
    assert status.exit_code == 2
    assert status.stderr.count("~/.pulumi/versions") == 1
    assert "pulumi-language-python" in status.stderr
    assert "PULUMI_BIN" in status.error


def test_up_does_not_build_a_cli_that_cannot_run_the_program(offline: Clone) -> None:
    up = offline.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    assert "building" not in up.stderr
    assert "pulumi-language-python" in up.error


def test_a_built_cli_reads_and_deletes_a_stack(
    local: Clone, tmp_path: Path, binaries: Path
) -> None:
    offline = without_pulumi(local, tmp_path)
    # Without a language host beside it.
    command = built(offline, binaries.parent / "built")
    command.resolve().parent.mkdir(exist_ok=True)
    command.resolve().hardlink_to(binaries / "pulumi")

    status = offline.tdeploy("status", "-p", "local")
    assert "14 of 14" in status.stdout
    assert "~/.pulumi/versions" not in status.stderr
    doctor = offline.tdeploy("doctor", "-p", "local")
    assert doctor.exit_code == 1
    assert "wrong    pulumi: " in doctor.stdout
    assert str(command) in doctor.stdout
    assert "ok       settings: " in doctor.stdout
    up = offline.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    assert str(command) in up.stderr
    assert "pulumi-language-python" in up.error
    chosen = offline.tdeploy("up", "-p", "local", PULUMI_BIN=str(command))
    assert f"PULUMI_BIN={command}" in chosen.error
    down = offline.tdeploy("down", "-p", "local", "--yes")
    assert down.exit_code == 0, down.stderr
    assert not local.world.docker.containers
