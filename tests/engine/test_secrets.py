"""No secret is in clear text in Pulumi's state or in `docker inspect`."""

import json

from tests.engine.worlds import World

STACK = "local"
SECRET = "s3cret-9f2c7a"  # noqa: S105


def inspected(world: World) -> str:
    """`docker inspect` of every container."""
    containers = world.docker.containers.values()
    return json.dumps([world.docker.inspect(container) for container in containers])


def test_a_generated_password_is_its_owners_alone_and_shows_nowhere(running_local: World) -> None:
    path = running_local.folder / ".state" / "database-password"
    password = path.read_text().strip()
    assert len(password) >= 32
    assert path.stat().st_mode & 0o077 == 0
    assert password not in running_local.state()
    assert password not in inspected(running_local)
    assert password not in json.dumps(running_local.outputs(STACK))
    # The one file that its reader needs has it.
    uploaded = running_local.docker.named("local-postgresql").files.values()
    assert password.encode() in uploaded


def test_a_password_that_is_set_shows_nowhere(running_local: World) -> None:
    running_local.pulumi("config", "set", "--secret", "grafana_password", SECRET, "--stack", STACK)
    outcome = running_local.up(STACK)
    assert "grafana" in outcome.changes["create-replacement"]
    assert SECRET.encode() in running_local.docker.named("local-grafana").files.values()
    settings = (running_local.folder / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8")
    for text in (outcome.output, running_local.state(), inspected(running_local), settings):
        assert SECRET not in text
