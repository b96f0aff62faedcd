"""`tdeploy init`, and what the other commands answer in a fresh clone."""

import signal
from pathlib import Path

from tests.tdeploy.conftest import Clone

SECRET = "s3cret-9f2c7a"  # noqa: S105


def settings(clone: Clone, stack: str) -> str:
    return (clone.world.folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")


def test_options_answer_the_questions(fresh: Clone) -> None:
    no_terminal = fresh.tdeploy("init")
    assert no_terminal.exit_code == 2
    assert "--yes" in no_terminal.error
    done = fresh.tdeploy("init", "--yes", "--project", "team-a", "--region", "eu-west-2")
    assert done.exit_code == 0, done.stderr
    assert "tdeploy infra apply-shared" in done.stdout
    for stack in ("dev", "copilot"):
        assert "copilot:project_name: team-a" in settings(fresh, stack)
        assert "copilot:region: eu-west-2" in settings(fresh, stack)
    assert (fresh.world.folder / ".state" / "passphrase").is_file()

    wrong = fresh.tdeploy("init", "--yes", "--region", "moon", "--model", "gpt")
    assert wrong.exit_code == 2
    assert "region: " in wrong.error
    assert "model: " in wrong.error


def test_a_question_is_repeated_after_a_wrong_answer(fresh: Clone) -> None:
    done = fresh.tdeploy.asked(
        [
            ("[temporal-dev]:", "team-a\n"),
            ("[eu-west-1]:", "moon\n"),
            ("region: ", ""),
            ("[eu-west-1]:", "eu-west-2\n"),
            ("[]:", "\n"),
            ("[]:", "\n"),
            ("admin): ", "\n"),
        ],
        "init",
    )
    assert done.exit_code == 0, done.stderr
    assert "copilot:project_name: team-a" in settings(fresh, "copilot")
    assert "copilot:region: eu-west-2" in settings(fresh, "copilot")
    # A wrong option ends the command before the first question.
    wrong = fresh.tdeploy.answered("", "init", "--region", "moon", question="region: ")
    assert wrong.exit_code == 2
    assert "[" not in wrong.stderr


def test_ctrl_c_at_a_question_is_an_interruption(fresh: Clone) -> None:
    ended = fresh.tdeploy.asked([("[temporal-dev]:", signal.SIGINT)], "init")
    assert ended.exit_code == 2
    assert ended.stderr.endswith("interrupted\n")
    assert "Aborted" not in ended.stderr


def test_a_typed_password_is_stored_as_a_secret(fresh: Clone) -> None:
    done = fresh.tdeploy.answered(SECRET, "init", "-p", "local", question="admin): ")
    assert done.exit_code == 0, done.stderr
    assert "copilot:grafana_password:\n    secure: " in settings(fresh, "local")
    assert SECRET not in settings(fresh, "local") + done.stdout + done.stderr


def test_reading_a_fresh_clone_changes_no_tracked_file(fresh: Clone) -> None:
    def files() -> dict[Path, bytes]:
        """All but the state's, which Git does not track."""
        folder = fresh.world.folder
        every = (path for path in folder.rglob("*") if path.is_file())
        return {
            path: path.read_bytes()
            for path in every
            if path.relative_to(folder).parts[0] != ".state"
        }

    fresh.world.configure("local", histroy_shards=4)
    before = files()
    status = fresh.tdeploy("status", "-p", "local")
    assert status.exit_code == 1
    assert "copilot 0, dev 0, local 0, watch 0" in status.stdout
    assert "`tdeploy up -p local`" in status.stdout
    infra = fresh.tdeploy("infra", "status")
    assert (infra.exit_code, len(infra.stdout.splitlines())) == (1, 2)
    env = fresh.tdeploy("env")
    assert env.exit_code == 1
    assert "`tdeploy up -p copilot`" in env.error
    for command in ("status", "jobs"):
        kb = fresh.tdeploy("kb", command)
        assert kb.exit_code == 2
        assert "knowledge_base_id" in kb.error
    for command in ("ps", "logs"):
        services = fresh.tdeploy("services", command)
        assert services.exit_code == 1
        assert "copilot" in services.error
    doctor = fresh.tdeploy("doctor", "-p", "local")
    assert doctor.exit_code == 1
    assert "wrong    settings: histroy_shards: " in doctor.stdout
    assert "ok       ports: " in doctor.stdout
    # A command that has nothing to change creates no stack either.
    for commands in (("down", "--yes"), ("services", "down"), ("services", "restart")):
        assert fresh.tdeploy(*commands, "-p", "local").exit_code == 1
    assert files() == before
    assert {path.name for path in (fresh.world.folder / ".state").rglob("*") if path.is_file()} <= {
        ".gitkeep",
        "meta.yaml",
    }
