"""No secret stands in clear text in what Pulumi keeps or Docker shows."""

import json
from pathlib import Path

from tests.engine.worlds import World

STACK = "local"
SECRET = "s3cret-9f2c7a"  # noqa: S105


def shown(world: World) -> str:
    """All that `docker inspect` says."""
    containers = world.docker.containers.values()
    return json.dumps([world.docker.inspect(container) for container in containers])


def test_a_password_made_here_shows_nowhere(standing_local: World) -> None:
    kept = (standing_local.folder / ".state" / "database-password").read_text().strip()
    assert len(kept) >= 32
    assert kept not in standing_local.state()
    assert kept not in shown(standing_local)
    assert kept not in json.dumps(standing_local.outputs(STACK))
    # And yet it is where it is read.
    uploaded = standing_local.docker.named("local-postgresql").files.values()
    assert kept.encode() in uploaded


def test_a_password_that_is_set_shows_nowhere(standing_local: World) -> None:
    standing_local.pulumi("config", "set", "--secret", "grafana_password", SECRET, "--stack", STACK)
    outcome = standing_local.up(STACK)
    assert "grafana" in outcome.changes["create-replacement"]
    assert SECRET.encode() in standing_local.docker.named("local-grafana").files.values()
    settings = (standing_local.folder / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8")
    for text in (outcome.output, standing_local.state(), shown(standing_local), settings):
        assert SECRET not in text


def test_files_of_secrets_are_their_owners_alone(standing_local: World) -> None:
    password = Path(standing_local.folder / ".state" / "database-password")
    assert password.stat().st_mode & 0o077 == 0
