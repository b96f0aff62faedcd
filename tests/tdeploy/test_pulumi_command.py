"""Pulumi's own command line where it is not on PATH, and nothing can be downloaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tdeploy.conftest import Clone
from tools.servers import PULUMI

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def offline(fresh: Clone, tmp_path: Path) -> Clone:
    """A clone whose user has no command pulumi, no Go, no network and nothing in the cache."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    environment = {
        **fresh.tdeploy.environment,
        "PATH": str(nothing),
        "HTTPS_PROXY": NOBODY,
        "https_proxy": NOBODY,
        "TEMPORAL_SRE_COPILOT_CACHE": str(tmp_path / "cache"),
    }
    return replace(fresh, tdeploy=replace(fresh.tdeploy, environment=environment))


def built(clone: Clone, binaries: Path) -> Path:
    """Put the command into the cache, as if it had been built there."""
    path = Path(clone.tdeploy.environment["TEMPORAL_SRE_COPILOT_CACHE"], "bin", PULUMI.cached.name)
    path.parent.mkdir(parents=True)
    path.symlink_to(binaries / "pulumi")
    return path


def test_it_is_looked_for_and_downloaded_once(offline: Clone) -> None:
    status = offline.tdeploy("status", "-p", "local")
    assert status.exit_code == 2
    assert status.remarks.count("installing Pulumi's below ~/.pulumi/versions") == 1
    assert status.remarks.count("could not be downloaded") == 1
    assert "good to read a stack and to take it away, not to make one" in status.remarks
    assert "Pulumi's command line is not to be had: install it" in status.error


def test_one_that_cannot_make_a_stack_is_not_built_for_that(offline: Clone) -> None:
    up = offline.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    assert "building" not in up.remarks
    assert "could not be downloaded (" in up.error
    assert "is without pulumi-language-python: good to read a stack" in up.error


def test_one_that_was_built_reads_and_takes_away(
    fresh: Clone, offline: Clone, binaries: Path
) -> None:
    assert fresh.tdeploy("up", "-p", "local").exit_code == 0
    # Its own language host is not beside it.
    command = built(offline, binaries.parent / "built")
    command.resolve().parent.mkdir(exist_ok=True)
    command.resolve().hardlink_to(binaries / "pulumi")

    status = offline.tdeploy("status", "-p", "local")
    assert "services  14 of 14 well" in status.answer
    assert "installing" not in status.remarks
    doctor = offline.tdeploy("doctor", "-p", "local")
    assert doctor.exit_code == 1
    assert f"{command} has no language host for Python beside it" in doctor.answer
    assert "ok       settings: " in doctor.answer
    up = offline.tdeploy("up", "-p", "local")
    assert up.exit_code == 2
    assert f"{command} is without pulumi-language-python" in up.remarks
    assert "could not be downloaded (" in up.error
    assert (
        "set it to a whole Pulumi"
        in offline.tdeploy("up", "-p", "local", PULUMI_BIN=str(command)).error
    )
    down = offline.tdeploy("down", "-p", "local", "--yes")
    assert down.exit_code == 0, down.remarks
    assert not fresh.world.docker.containers
