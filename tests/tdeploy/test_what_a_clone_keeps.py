"""A clone whose passphrase, state or settings are lost, broken or not to be written."""

from pathlib import Path

import pytest

from tests.tdeploy.conftest import Clone

OTHER = "another"
READING = (("status",), ("doctor",), ("down", "--yes"))


def files(clone: Clone) -> set[Path]:
    return {path for path in (clone.world.folder / ".state").rglob("*") if path.is_file()}


@pytest.fixture
def passphrase(fresh: Clone) -> Path:
    """The file of a clone whose stack `local` is up."""
    assert fresh.tdeploy("up", "-p", "local").exit_code == 0
    return fresh.world.folder / ".state" / "passphrase"


def test_reading_makes_no_passphrase(fresh: Clone) -> None:
    for command in (*READING, ("env",)):
        fresh.tdeploy(*command, "-p", "local")
    assert {path.name for path in files(fresh)} <= {".gitkeep", "meta.yaml"}


def test_a_lost_passphrase_is_never_replaced_by_another(fresh: Clone, passphrase: Path) -> None:
    kept = passphrase.read_text(encoding="utf-8")
    passphrase.unlink()
    for command in (*READING, ("up",), ("init", "--yes")):
        ended = fresh.tdeploy(*command, "-p", "local")
        said = ended.answer if command == ("doctor",) else ended.error
        assert ended.exit_code == (1 if command == ("doctor",) else 2)
        assert f"{passphrase} is not here" in said
        assert "secrets of copilot, dev, local cannot be read" in said
        assert "put it back, or begin anew: " in said
        assert "the lines encryptionsalt and secure of Pulumi.copilot.yaml, " in said
        assert not passphrase.exists()
    passphrase.write_text(kept, encoding="utf-8")
    assert "ok       passphrase: in .state" in fresh.tdeploy("doctor", "-p", "local").answer


def test_a_wrong_passphrase_is_said_to_be_one(fresh: Clone, passphrase: Path) -> None:
    settings = fresh.world.folder / "Pulumi.local.yaml"
    before = settings.read_text(encoding="utf-8")
    passphrase.write_text(OTHER, encoding="utf-8")
    for command in (*READING, ("up",), ("init", "--yes")):
        ended = fresh.tdeploy(*command, "-p", "local")
        said = ended.answer if command == ("doctor",) else ended.error
        assert ended.exit_code == (1 if command == ("doctor",) else 2)
        assert f"{passphrase} is not the one that the stack was made with" in said
        assert "put the right one back, or begin anew: " in said
    chosen = fresh.tdeploy("status", "-p", "local", PULUMI_CONFIG_PASSPHRASE=OTHER)
    assert "correct PULUMI_CONFIG_PASSPHRASE, or begin anew: " in chosen.error
    assert settings.read_text(encoding="utf-8") == before
