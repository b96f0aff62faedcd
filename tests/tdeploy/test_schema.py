"""`tdeploy schema`: the jobs run again, and drop only what was confirmed."""

import json

from tests.fakes.docker_engine.memory import JobEnd
from tests.tdeploy.command import run_here
from tests.tdeploy.conftest import Clone


def test_a_schema_job_runs_again_and_its_log_is_the_answer(local: Clone) -> None:
    local.world.docker.job_ends["local-copilot-schema"] = JobEnd(0, "the schema is there\n")
    for command, job in (("setup", "temporal"), ("setup-copilot-app", "copilot")):
        before = local.world.docker.starts.count(f"local-{job}-schema")
        ended = local.tdeploy("schema", command, "-p", "local")
        assert ended.exit_code == 0, ended.stderr
        assert local.world.docker.starts.count(f"local-{job}-schema") == before + 1
    assert ended.stdout == "the schema is there\n"
    assert not any("--overwrite" in command for _, command in local.world.docker.commands)

    # A failed job, whose container is removed, runs again.
    local.world.docker.job_ends["local-copilot-schema"] = JobEnd(2, "no\n")
    assert local.tdeploy("schema", "setup-copilot-app", "-p", "local").exit_code == 2
    local.world.docker.job_ends.clear()
    assert local.tdeploy("schema", "setup-copilot-app", "-p", "local").exit_code == 0

    missing = local.tdeploy("schema", "setup-copilot")
    assert missing.exit_code == 1
    assert "`tdeploy up -p copilot`" in missing.error


def test_a_schema_is_dropped_only_after_it_was_listed_and_confirmed(local: Clone) -> None:
    docker = local.world.docker
    before = set(docker.containers)
    no_terminal = local.tdeploy("schema", "setup", "-p", "local", "--overwrite")
    assert no_terminal.exit_code == 2
    listed = no_terminal.stderr.splitlines()[0]
    assert "temporal" in listed
    assert "temporal_visibility" in listed
    assert "--yes" in no_terminal.error
    declined = local.tdeploy.answered(
        "n", "schema", "setup-copilot-app", "-p", "local", "--overwrite", question="[y/N]"
    )
    assert declined.exit_code == 1
    assert "schema_migrations" in declined.stderr
    assert set(docker.containers) == before

    # After a failure of the job too, whose message advises it.
    docker.job_ends["local-temporal-schema"] = JobEnd(1, "has data but no version\n")
    assert local.tdeploy("schema", "setup", "-p", "local").exit_code == 2
    docker.commands.clear()
    docker.job_ends["local-temporal-schema"] = JobEnd(0, "the database is dropped\n")
    done = local.tdeploy("schema", "setup", "-p", "local", "--overwrite", "--yes")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "the database is dropped\n"
    dropping = [name for name, command in docker.commands if "--overwrite" in command]
    assert dropping == ["local-temporal-schema"]
    # The services that used it were replaced, because they cache the old schema.
    assert not before & {docker.named("local-temporal-history").identifier}
    # The job's container that is left drops nothing when it is started by hand.
    assert "--overwrite" not in docker.named("local-temporal-schema").config["Cmd"]
    up = local.tdeploy("up", "-p", "local")
    assert (up.exit_code, "docker" in up.stderr) == (0, False), up.stderr


def test_a_schema_command_requires_the_database_that_is_given(aws: Clone) -> None:
    other = aws.tdeploy("schema", "setup", "-e", "other.dsql.eu-west-1.on.aws")
    assert other.exit_code == 1
    assert "endpoint" in other.error
    assert "other.dsql.eu-west-1.on.aws" in other.error
    database = aws.tdeploy("schema", "setup-copilot-app", "-d", "copilot", "-r", "eu-west-1")
    assert database.exit_code == 1
    assert "database postgres" in database.error
    outputs = json.loads(aws.tdeploy("status", "--json").stdout)["outputs"]
    for command, output in (
        ("setup", "temporal_sql_host"),
        ("setup-copilot", "copilot_dsql_endpoint"),
    ):
        no_terminal = aws.tdeploy("schema", command, "--overwrite")
        assert no_terminal.exit_code == 2
        assert outputs[output] in no_terminal.error
        assert "temporal_visibility_v1_" in no_terminal.stderr
    of_copilot = aws.tdeploy("schema", "setup-copilot", "-d", "postgres", "-r", "eu-west-1")
    assert of_copilot.exit_code == 0, of_copilot.stderr

    docker = aws.world.docker
    docker.commands.clear()
    shared = json.loads(aws.tdeploy("infra", "status", "--json").stdout)["dev"]["dsql_endpoint"]
    docker.job_ends["copilot-temporal-schema"] = JobEnd(1, "has version 1.1\n")
    assert aws.tdeploy("schema", "setup", "-v", "1.3").exit_code == 2
    docker.job_ends.clear()
    assert "dsql_schema_version" not in (aws.world.folder / "Pulumi.copilot.yaml").read_text()
    docker.commands.clear()
    newer = aws.tdeploy("schema", "setup", "-v", "1.2")
    assert newer.exit_code == 0, newer.stderr
    assert [command for name, command in docker.commands if name == "copilot-temporal-schema"] == [
        f"/etc/copilot/create-dsql-schema.sh {shared} 1.2 /etc/copilot/dsql-tables.txt"
    ]
    wrong = aws.tdeploy("schema", "setup", "-v", "newest")
    assert wrong.exit_code == 2
    assert "dsql_schema_version" in wrong.error
    assert "newest" not in (aws.world.folder / "Pulumi.copilot.yaml").read_text(encoding="utf-8")


def test_schema_options_that_a_stack_cannot_follow() -> None:
    for option in (("-e", "somewhere"), ("-v", "1.2"), ("-r", "eu-west-1")):
        refused = run_here("schema", "setup", "-p", "local", *option, environment={})
        assert refused.exit_code == 2
        assert "local" in refused.error
        assert "--endpoint" in refused.error
    for words in ("setup --tool ../temporal-dsql-tool", "setup-copilot-app -s schema.sql"):
        refused = run_here("schema", *words.split(), environment={})
        assert refused.exit_code == 2
        assert "`tdeploy build" in refused.error


def test_a_schema_is_dropped_only_if_the_stack_can_restart(aws: Clone) -> None:
    before = set(aws.world.docker.containers)
    aws.world.configure("copilot", shared_dsql_endpoint="other.dsql.eu-west-1.on.aws")
    moved = aws.tdeploy("schema", "setup", "--overwrite", "--yes")
    assert moved.exit_code == 2
    assert "temporal-schema" in moved.error
    assert "other.dsql.eu-west-1.on.aws" in moved.error
    assert set(aws.world.docker.containers) == before
    named = ("-e", "other.dsql.eu-west-1.on.aws")
    no_terminal = aws.tdeploy("schema", "setup", *named, "--overwrite")
    assert no_terminal.exit_code == 2
    assert "other.dsql.eu-west-1.on.aws" in no_terminal.error
    agreed = aws.tdeploy("schema", "setup", *named, "--overwrite", "--yes")
    assert agreed.exit_code == 0, agreed.stderr
    before = set(aws.world.docker.containers)
    aws.world.docker.commands.clear()
    aws.world.configure("copilot", project_name="team-b")
    gone = aws.tdeploy("schema", "setup-copilot", "--overwrite", "--yes")
    assert gone.exit_code == 2
    assert set(aws.world.docker.containers) == before
    assert not any("--overwrite" in command for _, command in aws.world.docker.commands)
