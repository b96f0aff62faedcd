"""Resources in AWS: create, show, destroy; with Docker down and a bucket that is not empty."""

import json
import signal
from pathlib import Path

from tests.tdeploy.command import ended
from tests.tdeploy.conftest import Clone

CLUSTER = "aws:dsql/cluster:Cluster"
NO_DOCKER = "unix:///nowhere/docker.sock"


def test_from_nothing_to_both_stacks_and_back(without_aws: Clone) -> None:
    tdeploy, aws = without_aws.tdeploy, without_aws.world.aws
    nothing = tdeploy("infra", "status")
    assert (nothing.exit_code, len(nothing.stdout.splitlines())) == (1, 2)
    first = tdeploy("infra", "apply-copilot", "--yes")
    assert first.exit_code == 2
    assert "the stack dev " in first.error

    project = ("-p", "team-a", "-r", "eu-west-2")
    no_terminal = tdeploy("infra", "apply-shared", *project)
    assert no_terminal.exit_code == 2
    assert "create aws dsql cluster: team-a-dsql" in no_terminal.stderr
    assert not aws.resources
    shared = tdeploy("infra", "apply-shared", *project, "--dynamodb", "--yes")
    assert shared.exit_code == 0, shared.stderr
    assert "project_name: team-a" in shared.stdout
    assert "rate_limiter_table: team-a-dsql-rate-limiter" in shared.stdout

    # Project and region are those of the shared cluster.
    made = tdeploy("infra", "apply-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert made.exit_code == 0, made.stderr
    assert "kb_source_bucket: team-a-copilot-kb-source" in made.stdout
    assert not without_aws.world.docker.containers
    status = tdeploy("infra", "status", "--json")
    assert status.exit_code == 0
    assert json.loads(status.stdout)["copilot"]["region"] == "eu-west-2"
    # A build leaves the outputs of AWS.
    assert tdeploy("build", "copilot").exit_code == 0
    status = tdeploy("infra", "status")
    assert status.exit_code == 0
    assert made.stdout in status.stdout

    other = tdeploy("infra", "destroy-copilot", "-p", "team-b", "--yes")
    assert other.exit_code == 1
    assert "project_name team-a" in other.error
    gone = tdeploy("infra", "destroy-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert gone.exit_code == 0, gone.stderr
    assert len(aws.existing(CLUSTER)) == 1
    assert tdeploy("infra", "destroy-copilot", "--yes").exit_code == 1


def test_the_image_of_the_fork_is_built_from_the_checkout(
    without_aws: Clone, tmp_path: Path
) -> None:
    (tmp_path / "cmd" / "tools" / "dsql").mkdir(parents=True)
    # With expired credentials, because nothing in AWS is used.
    without_aws.world.aws_calls.refusal = ("ExpiredToken", "expired")
    built = without_aws.tdeploy("build", "temporal", str(tmp_path), "-a", "arm64")
    assert built.exit_code == 0, built.stderr
    assert "temporal-dsql-runtime:test" in built.stdout
    settings = (without_aws.world.folder / "Pulumi.copilot.yaml").read_text(encoding="utf-8")
    assert f"copilot:temporal_source: {tmp_path}" in settings
    assert "copilot:temporal_arch: arm64" in settings


def test_settings_of_a_declined_change_are_not_stored(aws: Clone) -> None:
    settings = aws.world.folder / "Pulumi.copilot.yaml"
    before = settings.read_text(encoding="utf-8")
    used = aws.tdeploy("infra", "apply-copilot", "-p", "team-c", "--yes")
    assert used.exit_code == 1
    assert "`tdeploy services down`" in used.error
    assert settings.read_text(encoding="utf-8") == before
    assert aws.tdeploy("services", "down").exit_code == 0
    refused = aws.tdeploy.answered("n", "infra", "apply-copilot", "-p", "team-c", question="[y/N]")
    assert refused.exit_code == 1
    assert "delete aws dsql cluster: temporal-dev-copilot-dsql" in refused.stderr
    assert settings.read_text(encoding="utf-8") == before
    elsewhere = aws.tdeploy("infra", "apply-copilot", "-r", "eu-west-2", "--yes")
    assert elsewhere.exit_code == 2
    assert settings.read_text(encoding="utf-8") == before
    wrong = aws.tdeploy("infra", "apply-copilot", "-r", "moon", "--yes")
    assert (wrong.exit_code, "region" in wrong.error) == (2, True)
    assert settings.read_text(encoding="utf-8") == before


def test_everyday_commands_delete_nothing_in_aws(aws: Clone) -> None:
    before = dict(aws.world.aws.resources)
    aws.world.configure("copilot", project_name="team-b")
    restart = aws.tdeploy("services", "restart", "copilot-api")
    assert restart.exit_code == 2
    assert "aws dsql cluster team-b-copilot-dsql" in restart.error
    assert "`tdeploy up`" in restart.error
    up = aws.tdeploy("up")
    assert up.exit_code == 2
    assert "temporal-dev-copilot-dsql" in up.stderr
    assert "--yes" in up.error
    # Stopping needs no valid credentials.
    aws.world.aws_calls.refusal = ("ExpiredToken", "expired")
    down = aws.tdeploy("services", "down")
    assert down.exit_code == 0, down.stderr
    assert not aws.world.docker.containers
    assert aws.world.aws.resources == before


def test_containers_stay_if_only_aws_is_updated(aws: Clone) -> None:
    before = set(aws.world.docker.containers)
    applied = aws.tdeploy("infra", "apply-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert applied.exit_code == 0, applied.stderr
    assert set(aws.world.docker.containers) == before


def test_destroying_aws_removes_the_containers_and_keeps_the_volumes(aws: Clone) -> None:
    bucket = "temporal-dev-copilot-kb-source-123456789012"
    kept = set(aws.world.docker.volumes)
    aws.world.aws.resources[f"aws:s3/bucketObjectv2:BucketObjectv2 {bucket}/a.md"] = {
        "bucket": bucket,
        "key": "a.md",
    }
    gone = aws.tdeploy("infra", "destroy-copilot", "--yes")
    assert gone.exit_code == 0, gone.stderr
    assert "volume" not in gone.stderr
    status = aws.tdeploy("infra", "status", "--json")
    assert (status.exit_code, json.loads(status.stdout)["copilot"]) == (1, None)
    assert not aws.world.docker.containers
    assert set(aws.world.docker.volumes) == kept
    assert len(aws.world.aws.existing(CLUSTER)) == 1

    down = aws.tdeploy("down", "--yes")
    assert down.exit_code == 0, down.stderr
    assert not aws.world.docker.volumes


def test_aws_is_destroyed_with_docker_down(aws: Clone) -> None:
    left = set(aws.world.docker.containers)
    gone = aws.tdeploy("infra", "destroy-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert gone.exit_code == 0, gone.stderr
    assert "`tdeploy services down`" in gone.stderr
    assert len(aws.world.aws.existing(CLUSTER)) == 1
    assert set(aws.world.docker.containers) == left

    down = aws.tdeploy("services", "down")
    assert down.exit_code == 0, down.stderr
    assert not aws.world.docker.containers
    assert len(aws.world.aws.existing(CLUSTER)) == 1
    up = aws.tdeploy("up")
    assert up.exit_code == 0, up.stderr
    assert aws.world.docker.named("copilot-copilot-worker").running


def test_an_interrupted_destroy_is_not_a_success(aws: Clone) -> None:
    with aws.tdeploy.started("infra", "destroy-copilot", "--yes") as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("deleted "):
                break
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
    assert stopped.exit_code == 2
    assert "interrupted" in stopped.error
    gone = aws.tdeploy("infra", "destroy-copilot", "--yes")
    assert gone.exit_code == 0, gone.stderr
    assert len(aws.world.aws.existing(CLUSTER)) == 1
