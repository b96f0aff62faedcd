"""`tdeploy pulumi` runs the Pulumi CLI with the passphrase set."""

from tests.tdeploy.conftest import Clone

SECRET = "s3cret-41ce70"  # noqa: S105


def test_pulumi_gets_its_arguments_untouched_and_the_passphrase(fresh: Clone) -> None:
    words = ("config", "set", "-s", "local", "--secret", "grafana_password")
    done = fresh.tdeploy("pulumi", *words, SECRET)
    assert done.exit_code == 0, done.stderr
    text = (fresh.world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8")
    assert "copilot:grafana_password:\n    secure: " in text
    assert SECRET not in text
    read = fresh.tdeploy("pulumi", "-s", "local", "config", "get", "grafana_password")
    assert (read.exit_code, read.stdout.strip()) == (0, SECRET)
    stored = fresh.tdeploy("pulumi", "config", "set", "-s", "local", "--", "log_level", "-v")
    assert stored.exit_code == 0, stored.stderr
    assert "copilot:log_level: -v" in (fresh.world.folder / "Pulumi.local.yaml").read_text()


def test_help_and_exit_code_are_pulumis(fresh: Clone) -> None:
    shown = fresh.tdeploy("pulumi", "config", "--help")
    assert shown.exit_code == 0
    assert "pulumi config set" in shown.stdout
    assert "tdeploy" not in shown.stdout
    assert "Example: tdeploy pulumi config set" in fresh.tdeploy("pulumi", "--help").stdout
    refused = fresh.tdeploy("pulumi", "stack", "output", "-s", "nowhere")
    assert refused.exit_code not in (0, 1, 2)
    assert "nowhere" in refused.stderr
