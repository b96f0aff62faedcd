"""The containers of a stack: listed, read, replaced, removed; and what is built for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tests.engine.memory_engine import JobEnd
from tests.tdeploy.conftest import Clone

_VERDICT = {
    "cluster": "monitored",
    "health_state": "happy",
    "reason": "nothing stands in its way",
    "timestamp": "2026-01-01T00:00:00Z",
    "data_age_seconds": 4.0,
    "cycle": 7,
    "stale": False,
    "of_a_newer_copilot": 1,
}


@contextmanager
def copilot_answering(clone: Clone, status: int, answer: object) -> Iterator[None]:
    """A stand-in of the Copilot's API, where the stack `local` publishes it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    text = (clone.world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8")
    port = yaml.safe_load(text)["config"]["copilot:ports"]["copilot-api"]
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def identifiers(clone: Clone) -> dict[str, str]:
    """The id of each container, by name."""
    return {one.name: one.identifier for one in clone.world.docker.containers.values()}


def test_status_is_well_only_where_everything_is(local: Clone) -> None:
    with copilot_answering(local, 200, _VERDICT):
        status = local.tdeploy("status", "-p", "local")
        assert status.exit_code == 0, status
        assert "happy, 4 s ago: nothing stands in its way" in status.answer
        assert "14 of 14 well" in status.answer
        assert "trouble" not in status.answer

        local.world.docker.remove_container("local-mimir", force=True)
        local.world.docker.stop("local-loki")
        status = local.tdeploy("status", "-p", "local", "--json")
        assert status.exit_code == 1
        said = json.loads(status.answer)
        assert not said["healthy"]
        missing, unwell = said["troubles"]
        assert "without a container: mimir" in missing
        assert "loki is exited" in unwell


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (200, {**_VERDICT, "health_state": "stressed", "reason": "no pollers"}, "no pollers"),
        (200, {**_VERDICT, "health_state": "unknown", "reason": "stale"}, "is unknown: stale"),
        (503, {"error": "x", "reason": "the store does not answer"}, "the store does not answer"),
        (200, {"hello": "world"}, "is not the Copilot"),
    ],
)
def test_a_verdict_other_than_happy_is_trouble(
    local: Clone, status: int, answer: object, said: str
) -> None:
    with copilot_answering(local, status, answer):
        ended = local.tdeploy("status", "-p", "local")
    assert ended.exit_code == 1
    assert said in ended.answer


def test_status_of_what_is_not_there(local: Clone) -> None:
    ended = local.tdeploy("status", "-p", "local", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert ended.exit_code == 1
    assert "Docker does not answer" in ended.answer
    assert "the Copilot does not answer" in ended.answer
    empty = local.tdeploy("status")
    assert empty.exit_code == 1
    assert "nothing of the stack copilot runs: `tdeploy up -p copilot` starts it" in empty.answer


def test_containers_are_listed_with_their_state(local: Clone) -> None:
    listed = local.tdeploy("services", "ps", "-p", "local")
    assert listed.exit_code == 0
    states = dict(line.split()[:2] for line in listed.answer.splitlines()[1:])
    assert states["copilot-worker"] == "healthy"
    assert states["temporal-schema"] == "done"

    local.world.docker.stop("local-loki")
    ended = local.tdeploy("services", "ps", "-p", "local", "--json")
    assert ended.exit_code == 1
    by_name = {one["service"]: one["state"] for one in json.loads(ended.answer)}
    assert by_name["loki"] == "exited"

    some = local.tdeploy("services", "ps", "-p", "local", "mimir", "grafana")
    assert [line.split()[0] for line in some.answer.splitlines()[1:]] == ["mimir", "grafana"]
    unknown = local.tdeploy("services", "ps", "-p", "local", "mimir", "nope")
    assert (unknown.exit_code, unknown.answer) == (1, "")
    assert "there is no container nope: use alloy, " in unknown.error


def test_logs_of_services_and_jobs(local: Clone) -> None:
    local.world.docker.named("local-mimir").end = JobEnd(0, "first\nsecond\nthird\n")
    logs = local.tdeploy("services", "logs", "-p", "local", "mimir", "-n", "2")
    assert (logs.exit_code, logs.answer) == (0, "mimir | second\nmimir | third\n")
    job = local.tdeploy("services", "logs", "-p", "local", "temporal-schema", "--json")
    assert json.loads(job.answer) == {"service": "temporal-schema", "line": "done"}
    unknown = local.tdeploy("services", "logs", "-p", "local", "mimirr")
    assert unknown.exit_code == 1
    assert "there is no container mimirr: use " in unknown.error


def test_a_restart_replaces_the_services_that_are_named(local: Clone) -> None:
    before = identifiers(local)
    restart = local.tdeploy("services", "restart", "-p", "local", "copilot-worker", "mimir")
    assert restart.exit_code == 0, restart.remarks
    after = identifiers(local)
    changed = {name for name in before if before[name] != after[name]}
    # The job that waits for Mimir is done again.
    assert changed == {"local-copilot-worker", "local-mimir", "local-mimir-ready"}
    unknown = local.tdeploy("services", "restart", "-p", "local", "nobody")
    assert (unknown.exit_code, "there is no service nobody" in unknown.error) == (1, True)


def test_down_keeps_data_until_told_otherwise(local: Clone) -> None:
    docker = local.world.docker
    assert local.tdeploy("services", "down", "-p", "local").exit_code == 0
    assert not docker.containers
    assert docker.volumes
    for command in ("ps", "logs", "restart"):
        nothing = local.tdeploy("services", command, "-p", "local")
        assert nothing.exit_code == 1
        assert "nothing of the stack local runs" in nothing.error

    unasked = local.tdeploy("services", "down", "-p", "local", "--volumes")
    assert unasked.exit_code == 2
    assert "postgresql-data" in unasked.error
    assert docker.volumes
    assert local.tdeploy("services", "down", "-p", "local", "-v", "--yes").exit_code == 0
    assert not docker.volumes

    up = local.tdeploy("services", "up", "-p", "local", "-d")
    assert up.exit_code == 0, up.remarks
    assert docker.named("local-copilot-worker").running


def test_volumes_that_are_to_be_kept_are_not_dropped(local: Clone) -> None:
    local.world.configure("local", keep_volumes="yes")
    for command in (("services", "down", "--volumes"), ("down",)):
        unsettled = local.tdeploy(*command, "-p", "local", "--yes")
        assert unsettled.exit_code == 1
        assert "keep_volumes is true now, and the volumes do not know it yet" in unsettled.error
    assert local.world.docker.containers

    assert local.tdeploy("up", "-p", "local").exit_code == 0
    refused = local.tdeploy("services", "down", "-p", "local", "--volumes", "--yes")
    assert refused.exit_code == 1
    assert "keep_volumes is set, which keeps them" in refused.error
    down = local.tdeploy("down", "-p", "local", "--yes")
    assert "kept docker volume postgresql-data" in down.remarks
    assert local.world.docker.volumes


def test_only_the_image_is_built(local: Clone, fresh: Clone) -> None:
    alone = fresh.tdeploy("build", "copilot", "-p", "local")
    assert (alone.exit_code, alone.answer) == (0, "temporal-sre-copilot:dev is built\n")
    assert set(fresh.world.docker.images) == {"temporal-sre-copilot:dev"}
    assert not fresh.world.docker.containers

    code = local.world.folder / "copilot" / "worker.py"
    code.write_text(code.read_text() + "# changed\n")
    before = set(local.world.docker.containers)
    built = local.tdeploy("build", "copilot", "-p", "local")
    assert built.exit_code == 0, built.remarks
    assert built.remarks == "changed docker image copilot-image\n"
    assert set(local.world.docker.containers) == before
    # And the next `up` runs it.
    up = local.tdeploy("services", "up", "-p", "local", "-d")
    assert "replaced docker container copilot-worker" in up.remarks

    # It builds also where nothing runs any more.
    assert local.tdeploy("services", "down", "-p", "local").exit_code == 0
    code.write_text(code.read_text() + "# changed again\n")
    built = local.tdeploy("build", "copilot", "-p", "local")
    assert (built.exit_code, built.remarks) == (0, "changed docker image copilot-image\n")


def test_no_checkout_of_the_fork(local: Clone) -> None:
    refused = local.tdeploy("build", "temporal", "/nowhere")
    assert refused.exit_code == 1
    assert "/nowhere is no checkout of the DSQL fork of Temporal" in refused.error


def test_a_schema_job_is_run_again_and_says_what_it_found(local: Clone) -> None:
    local.world.docker.job_ends["local-copilot-schema"] = JobEnd(0, "the schema is there\n")
    for command, job in (("setup", "temporal"), ("setup-copilot-app", "copilot")):
        before = local.world.docker.starts.count(f"local-{job}-schema")
        ended = local.tdeploy("schema", command, "-p", "local")
        assert ended.exit_code == 0, ended.remarks
        assert local.world.docker.starts.count(f"local-{job}-schema") == before + 1
    assert ended.answer == "the schema is there\n"
    assert not any("--overwrite" in command for _, command in local.world.docker.commands)

    # One that failed is run again, though nothing is left of it.
    local.world.docker.job_ends["local-copilot-schema"] = JobEnd(2, "no\n")
    assert local.tdeploy("schema", "setup-copilot-app", "-p", "local").exit_code == 2
    local.world.docker.job_ends.clear()
    assert local.tdeploy("schema", "setup-copilot-app", "-p", "local").exit_code == 0

    missing = local.tdeploy("schema", "setup-copilot")
    assert missing.exit_code == 1
    assert "nothing of the stack copilot runs: `tdeploy up -p copilot` starts it" in missing.error


def test_a_schema_is_made_anew_only_after_it_was_named_and_asked(local: Clone) -> None:
    docker = local.world.docker
    before = set(docker.containers)
    unasked = local.tdeploy("schema", "setup", "-p", "local", "--overwrite")
    assert unasked.exit_code == 2
    assert unasked.remarks.startswith("  the databases temporal and temporal_visibility\n")
    assert "restarts the stack local: nobody is there to be asked" in unasked.error
    refused = local.tdeploy.answered(
        "n", "schema", "setup-copilot-app", "-p", "local", "--overwrite", question="[y/N]"
    )
    assert (refused.exit_code, "  the tables schema_migrations, " in refused.remarks) == (1, True)
    assert set(docker.containers) == before

    # Also where the job failed before, which is what a message of it advises.
    docker.job_ends["local-temporal-schema"] = JobEnd(1, "has no version, but data\n")
    assert local.tdeploy("schema", "setup", "-p", "local").exit_code == 2
    docker.commands.clear()
    docker.job_ends["local-temporal-schema"] = JobEnd(0, "the database is dropped\n")
    done = local.tdeploy("schema", "setup", "-p", "local", "--overwrite", "--yes")
    assert done.exit_code == 0, done.remarks
    assert done.answer == "the database is dropped\n"
    dropping = [name for name, command in docker.commands if "--overwrite" in command]
    assert dropping == ["local-temporal-schema"]
    # What used it was replaced, because it keeps in memory what is no longer there.
    assert not before & {docker.named("local-temporal-history").identifier}
    # And the job that stands there now drops nothing, not even when it is started by hand.
    assert "--overwrite" not in docker.named("local-temporal-schema").config["Cmd"]
    up = local.tdeploy("up", "-p", "local")
    assert (up.exit_code, "docker" in up.remarks) == (0, False), up.remarks


def test_a_schema_command_is_only_about_the_database_that_is_named(aws: Clone) -> None:
    other = aws.tdeploy("schema", "setup", "-e", "other.dsql.eu-west-1.on.aws")
    assert other.exit_code == 1
    assert "the stack copilot has the endpoint " in other.error
    database = aws.tdeploy("schema", "setup-copilot-app", "-d", "copilot", "-r", "eu-west-1")
    assert "the stack copilot has the database postgres, not copilot" in database.error
    outputs = json.loads(aws.tdeploy("status", "--json").answer)["outputs"]
    for command, output in (
        ("setup", "temporal_sql_host"),
        ("setup-copilot", "copilot_dsql_endpoint"),
    ):
        unasked = aws.tdeploy("schema", command, "--overwrite")
        assert f"from {outputs[output]}, for everyone who uses it" in unasked.error
        assert "  the index temporal_visibility_v1_" in unasked.remarks
    of_copilot = aws.tdeploy("schema", "setup-copilot", "-d", "postgres", "-r", "eu-west-1")
    assert of_copilot.exit_code == 0, of_copilot.remarks

    docker = aws.world.docker
    docker.commands.clear()
    shared = json.loads(aws.tdeploy("infra", "status", "--json").answer)["dev"]["dsql_endpoint"]
    docker.job_ends["copilot-temporal-schema"] = JobEnd(1, "has version 1.1\n")
    assert aws.tdeploy("schema", "setup", "-v", "1.3").exit_code == 2
    docker.job_ends.clear()
    assert "dsql_schema_version" not in (aws.world.folder / "Pulumi.copilot.yaml").read_text()
    docker.commands.clear()
    newer = aws.tdeploy("schema", "setup", "-v", "1.2")
    assert newer.exit_code == 0, newer.remarks
    assert [command for name, command in docker.commands if name == "copilot-temporal-schema"] == [
        f"/etc/copilot/create-dsql-schema.sh {shared} 1.2 /etc/copilot/dsql-tables.txt"
    ]
    wrong = aws.tdeploy("schema", "setup", "-v", "newest")
    assert wrong.exit_code == 2
    assert "wrong settings: dsql_schema_version" in wrong.error
    assert "newest" not in (aws.world.folder / "Pulumi.copilot.yaml").read_text(encoding="utf-8")


def test_schema_options_that_a_stack_cannot_heed(local: Clone) -> None:
    for option in (("-e", "somewhere"), ("-v", "1.2"), ("-r", "eu-west-1")):
        refused = local.tdeploy("schema", "setup", "-p", "local", *option)
        assert refused.exit_code == 2
        assert "the stack local has its own PostgreSQL" in refused.error
    tool = local.tdeploy("schema", "setup", "--tool", "../temporal-dsql/temporal-dsql-tool")
    assert (tool.exit_code, "come with the images" in tool.error) == (2, True)
    file = local.tdeploy("schema", "setup-copilot-app", "-s", "schema.sql")
    assert (file.exit_code, "come with the images" in file.error) == (2, True)
    elsewhere = local.tdeploy("build", "copilot", "/nowhere", "-p", "local")
    assert (elsewhere.exit_code, "to build that in /nowhere" in elsewhere.error) == (1, True)


def test_a_schema_is_only_made_anew_where_everything_can_come_back(aws: Clone) -> None:
    before = set(aws.world.docker.containers)
    aws.world.configure("copilot", shared_dsql_endpoint="other.dsql.eu-west-1.on.aws")
    moved = aws.tdeploy("schema", "setup", "--overwrite", "--yes")
    assert moved.exit_code == 2
    assert "the database of temporal-schema is other.dsql.eu-west-1.on.aws by now" in moved.error
    assert set(aws.world.docker.containers) == before
    named = ("-e", "other.dsql.eu-west-1.on.aws")
    unasked = aws.tdeploy("schema", "setup", *named, "--overwrite")
    assert "from other.dsql.eu-west-1.on.aws, for everyone" in unasked.error
    agreed = aws.tdeploy("schema", "setup", *named, "--overwrite", "--yes")
    assert agreed.exit_code == 0, agreed.remarks
    before = set(aws.world.docker.containers)
    aws.world.docker.commands.clear()
    aws.world.configure("copilot", project_name="team-b")
    gone = aws.tdeploy("schema", "setup-copilot", "--overwrite", "--yes")
    assert gone.exit_code == 2
    assert set(aws.world.docker.containers) == before
    assert not any("--overwrite" in command for _, command in aws.world.docker.commands)
