"""Before a stack is there: help, set-up, what is missing, and Pulumi's own command."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stacks.env_file import VARIABLES
from tests.engine.project import ROOT
from tests.tdeploy.command import Tdeploy
from tests.tdeploy.conftest import Clone

# What only commands that need it may load, or `--help` would be slow.
HEAVY = {"boto3", "docker", "grpc", "pulumi", "pulumi_aws", "pydantic", "requests", "rich"}
SECRET = "s3cret-9f2c7a"  # noqa: S105
HELP_SECONDS = 0.3
# A busy machine is slow, not wrong: the best of a few counts.
ATTEMPTS = 5


@pytest.fixture
def tdeploy() -> Tdeploy:
    """The command in this repository, for what touches nothing."""
    return Tdeploy(ROOT, {**os.environ, "COLUMNS": "100"})


def test_help_is_quick_and_names_every_command(tdeploy: Tdeploy) -> None:
    seconds = []
    for _ in range(ATTEMPTS):
        start = time.monotonic()
        shown = tdeploy("--help")
        seconds.append(time.monotonic() - start)
    assert min(seconds) < HELP_SECONDS
    assert shown.exit_code == 0
    commands = {line.split()[0] for line in shown.answer.partition("Commands:")[2].splitlines()[1:]}
    expected = {"init", "up", "down", "status", "doctor", "env"}
    assert commands >= expected | {"build", "infra", "schema", "services"}


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, tdeploy.app; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(loaded.stdout.split())


def test_a_wrong_option_is_one_line(tdeploy: Tdeploy) -> None:
    refused = tdeploy("services", "logs", "--tail", "many")
    assert refused.exit_code == 2
    assert "Traceback" not in refused.remarks
    assert "--tail" in refused.remarks


def test_a_fresh_clone_is_set_up_by_answers_or_options(fresh: Clone) -> None:
    unasked = fresh.tdeploy("init")
    assert unasked.exit_code == 2
    assert "give the answers as options, with --yes" in unasked.error
    done = fresh.tdeploy("init", "--yes", "--project", "team-a", "--region", "eu-west-2")
    assert done.exit_code == 0, done.remarks
    assert "tdeploy infra apply-shared" in done.answer
    for stack in ("dev", "copilot"):
        text = (fresh.world.folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        assert "copilot:project_name: team-a" in text
        assert "copilot:region: eu-west-2" in text
    assert (fresh.world.folder / ".state" / "passphrase").is_file()

    wrong = fresh.tdeploy("init", "--yes", "--region", "moon", "--model", "gpt")
    assert wrong.exit_code == 2
    assert "region: " in wrong.error
    assert "model: " in wrong.error


def test_a_wrong_answer_is_asked_again_with_the_reason(fresh: Clone) -> None:
    done = fresh.tdeploy.asked(
        [
            ("names in AWS [temporal-dev]:", "team-a\n"),
            ("AWS region [eu-west-1]:", "moon\n"),
            ("wrong settings: region: ", ""),
            ("AWS region [eu-west-1]:", "eu-west-2\n"),
            ("checkout of the DSQL fork of Temporal, or empty", "\n"),
            ("or empty: Claude", "\n"),
            ("empty: admin: ", "\n"),
        ],
        "init",
    )
    assert done.exit_code == 0, done.remarks
    text = (fresh.world.folder / "Pulumi.copilot.yaml").read_text(encoding="utf-8")
    assert "copilot:project_name: team-a" in text
    assert "copilot:region: eu-west-2" in text
    # An option cannot be corrected, so nothing is asked.
    wrong = fresh.tdeploy.answered("", "init", "--region", "moon", question="region: ")
    assert wrong.exit_code == 2
    assert "names in AWS" not in wrong.remarks


def test_ctrl_c_at_a_question_is_an_interruption(fresh: Clone) -> None:
    ended = fresh.tdeploy.asked([("names in AWS [temporal-dev]:", signal.SIGINT)], "init")
    assert ended.exit_code == 2
    assert ended.remarks.endswith("interrupted\n")
    assert "Aborted" not in ended.remarks


def test_looking_at_a_fresh_clone_changes_none_of_its_files(fresh: Clone) -> None:
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
    assert "stack     local (resources: copilot 0, dev 0, local 0)\n" in status.answer
    assert "nothing of the stack local runs: `tdeploy up -p local` starts it" in status.answer
    infra = fresh.tdeploy("infra", "status")
    assert (infra.exit_code, infra.answer.count("not provisioned")) == (1, 2)
    env = fresh.tdeploy("env")
    assert (env.exit_code, env.error) == (
        1,
        "the stack copilot is not up: run `tdeploy up -p copilot`",
    )
    for command in ("status", "jobs"):
        kb = fresh.tdeploy("kb", command)
        assert kb.exit_code == 2
        assert "the stack copilot has no knowledge_base_id" in kb.error
    for command in ("ps", "logs"):
        services = fresh.tdeploy("services", command)
        assert services.exit_code == 1
        assert "nothing of the stack copilot runs" in services.error
    # The settings are read all the same.
    doctor = fresh.tdeploy("doctor", "-p", "local")
    assert doctor.exit_code == 1
    assert "wrong    settings: histroy_shards: " in doctor.answer
    assert "free or ours: " in doctor.answer
    # Nothing to change, so nothing is made for it.
    for commands in (("down", "--yes"), ("services", "down"), ("services", "restart")):
        assert fresh.tdeploy(*commands, "-p", "local").exit_code == 1
    assert files() == before


def test_a_password_that_is_typed_is_kept_as_a_secret(fresh: Clone) -> None:
    done = fresh.tdeploy.answered(SECRET, "init", "-p", "local", question="admin: ")
    assert done.exit_code == 0, done.remarks
    text = (fresh.world.folder / "Pulumi.local.yaml").read_text(encoding="utf-8")
    assert "copilot:grafana_password:\n    secure: " in text
    assert SECRET not in text + done.answer + done.remarks


def test_the_environment_file_is_printed_and_written(local: Clone) -> None:
    path = local.world.folder / ".env"
    written = path.read_text(encoding="utf-8")
    assert local.tdeploy("env", "-p", "local").answer == written
    as_json = json.loads(local.tdeploy("env", "-p", "local", "--json").answer)
    assert list(as_json) == [variable.name for variable in VARIABLES]
    path.unlink()
    assert local.tdeploy("env", "-p", "local", "--write").exit_code == 0
    assert path.read_text(encoding="utf-8") == written

    both = local.tdeploy("env", "-p", "local", "--json", "--write")
    assert both.exit_code == 2
    assert "give one of them" in both.error
    nothing = local.tdeploy("env")
    assert nothing.exit_code == 1
    assert nothing.error == "the stack copilot is not up: run `tdeploy up -p copilot`"


def test_doctor_finds_this_stack_well(local: Clone) -> None:
    found = local.tdeploy("doctor", "-p", "local", "--json")
    assert found.exit_code == 0, found.answer
    checks = {check["name"]: check["state"] for check in json.loads(found.answer)}
    names = ("pulumi", "settings", "docker", "architecture", "memory", "ports", "images")
    assert {checks[name] for name in names} == {"ok"}
    assert {"cpus", "disk"} <= checks.keys()
    assert "aws" not in checks


def test_doctor_says_how_to_mend_what_is_wrong(local: Clone) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        local.world.configure("local", ports={"grafana": port})
        found = local.tdeploy("doctor", "-p", "local")
    assert found.exit_code == 1
    assert f"wrong    ports: port {port}, which grafana needs, is taken by another" in found.answer
    assert "pulumi config set -s local --path ports.grafana PORT" in found.answer

    local.world.configure("local", histroy_shards=4)
    found = local.tdeploy("doctor", "-p", "local", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert found.exit_code == 1
    assert "wrong    settings: histroy_shards: " in found.answer
    assert "wrong    docker: Docker does not answer" in found.answer


def test_doctor_names_what_it_could_not_look_at(fresh: Clone, tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    without_docker = fresh.tdeploy("doctor", "-p", "local", **nowhere)
    assert without_docker.exit_code == 1
    for name in ("architecture", "cpus", "memory", "images"):
        said = f"unknown  {name}: not looked at, because Docker does not answer\n"
        assert said in without_docker.answer
    assert "ok       ports: free: " in without_docker.answer
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fresh.world.configure("local", ports={"grafana": port})
        found = fresh.tdeploy("doctor", "-p", "local", **nowhere).answer
    assert f"warning  ports: port {port}, which grafana needs, is taken by another program" in found

    nothing = {"PATH": str(tmp_path), "TEMPORAL_SRE_COPILOT_CACHE": str(tmp_path)}
    without_pulumi = fresh.tdeploy("doctor", "-p", "local", **nothing).answer
    for name in ("passphrase", "settings"):
        assert f"unknown  {name}: not looked at, without Pulumi's command line\n" in without_pulumi


def test_doctor_looks_at_aws_for_the_stack_that_needs_it(without_aws: Clone) -> None:
    world = without_aws.world
    world.configure("copilot", model="bedrock:eu.anthropic.claude-x")
    said = without_aws.tdeploy("doctor").answer
    assert "ok       aws: credentials are accepted" in said
    assert "ok       model: eu.anthropic.claude-x can be asked" in said
    world.aws_calls.model_access = "NOT_AUTHORIZED"
    refused = without_aws.tdeploy("doctor")
    assert refused.exit_code == 1
    assert "no access to the model anthropic.claude-x in eu-west-1" in refused.answer
    world.aws_calls.refusal = ("ExpiredToken", "expired")
    assert "wrong    aws: AWS refuses the credentials" in without_aws.tdeploy("doctor").answer


def test_another_command_than_pulumi_is_refused(fresh: Clone, tmp_path: Path) -> None:
    missing = fresh.tdeploy("env", PULUMI_BIN="/nowhere/pulumi")
    assert missing.exit_code == 2
    assert "PULUMI_BIN=/nowhere/pulumi is not an executable file" in missing.error
    old = tmp_path / "old-pulumi"
    old.write_text("#!/bin/sh\necho v3.100.0\n")
    old.chmod(0o755)
    refused = fresh.tdeploy("env", PULUMI_BIN=str(old))
    assert refused.exit_code == 2
    assert f"PULUMI_BIN={old} is no Pulumi of version 3." in refused.error


def test_outside_a_clone_nothing_is_tried(fresh: Clone) -> None:
    (fresh.world.folder / "Pulumi.yaml").unlink()
    refused = fresh.tdeploy("env")
    assert refused.exit_code == 2
    assert "holds no Pulumi project: install this package from a clone" in refused.error
