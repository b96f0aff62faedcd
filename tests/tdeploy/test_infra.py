"""What is in AWS: made, shown, destroyed, also where Docker is down and the bucket full."""

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
    assert (nothing.exit_code, nothing.answer.count("not provisioned")) == (1, 2)
    first = tdeploy("infra", "apply-copilot", "--yes")
    assert first.exit_code == 2
    assert "the stack dev has no Aurora DSQL cluster yet" in first.error

    project = ("-p", "team-a", "-r", "eu-west-2")
    unasked = tdeploy("infra", "apply-shared", *project)
    assert unasked.exit_code == 2
    assert "make aws dsql cluster: team-a-dsql" in unasked.remarks
    assert not aws.resources
    shared = tdeploy("infra", "apply-shared", *project, "--dynamodb", "--yes")
    assert shared.exit_code == 0, shared.remarks
    assert "project_name: team-a" in shared.answer
    assert "rate_limiter_table: team-a-dsql-rate-limiter" in shared.answer

    # Project and region are those of the shared cluster.
    made = tdeploy("infra", "apply-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert made.exit_code == 0, made.remarks
    assert "kb_source_bucket: team-a-copilot-kb-source" in made.answer
    assert not without_aws.world.docker.containers
    status = tdeploy("infra", "status", "--json")
    assert status.exit_code == 0
    assert json.loads(status.answer)["copilot"]["region"] == "eu-west-2"

    other = tdeploy("infra", "destroy-copilot", "-p", "team-b", "--yes")
    assert other.exit_code == 1
    assert "has project_name team-a, not team-b" in other.error
    gone = tdeploy("infra", "destroy-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert gone.exit_code == 0, gone.remarks
    assert len(aws.standing(CLUSTER)) == 1
    assert tdeploy("infra", "destroy-copilot", "--yes").exit_code == 1


def test_a_build_leaves_what_is_known_of_aws(without_aws: Clone) -> None:
    tdeploy = without_aws.tdeploy
    tdeploy("infra", "apply-shared", "--yes")
    made = tdeploy("infra", "apply-copilot", "--yes")
    assert tdeploy("build", "copilot").exit_code == 0
    status = tdeploy("infra", "status")
    assert status.exit_code == 0
    assert made.answer in status.answer


def test_the_image_of_the_fork_is_built_from_the_checkout(
    without_aws: Clone, tmp_path: Path
) -> None:
    (tmp_path / "cmd" / "tools" / "dsql").mkdir(parents=True)
    # Without credentials, because nothing in AWS is asked for.
    without_aws.world.aws_calls.refusal = ("ExpiredToken", "expired")
    built = without_aws.tdeploy("build", "temporal", str(tmp_path), "-a", "arm64")
    assert built.exit_code == 0, built.remarks
    assert built.answer == "temporal-dsql-runtime:test is built\n"
    settings = (without_aws.world.folder / "Pulumi.copilot.yaml").read_text(encoding="utf-8")
    assert f"copilot:temporal_source: {tmp_path}" in settings
    assert "copilot:temporal_arch: arm64" in settings


def test_what_was_not_agreed_to_is_not_remembered(aws: Clone) -> None:
    settings = aws.world.folder / "Pulumi.copilot.yaml"
    before = settings.read_text(encoding="utf-8")
    used = aws.tdeploy("infra", "apply-copilot", "-p", "team-c", "--yes")
    assert used.exit_code == 1
    assert "use what this would remove or replace: `tdeploy services down` first" in used.error
    assert settings.read_text(encoding="utf-8") == before
    assert aws.tdeploy("services", "down").exit_code == 0
    refused = aws.tdeploy.answered("n", "infra", "apply-copilot", "-p", "team-c", question="[y/N]")
    assert refused.exit_code == 1
    assert "remove aws dsql cluster: temporal-dev-copilot-dsql" in refused.remarks
    assert settings.read_text(encoding="utf-8") == before
    elsewhere = aws.tdeploy("infra", "apply-copilot", "-r", "eu-west-2", "--yes")
    assert elsewhere.exit_code == 2
    assert settings.read_text(encoding="utf-8") == before
    wrong = aws.tdeploy("infra", "apply-copilot", "-r", "moon", "--yes")
    assert (wrong.exit_code, "wrong settings: region" in wrong.error) == (2, True)
    assert settings.read_text(encoding="utf-8") == before


def test_everyday_commands_take_nothing_of_aws_away(aws: Clone) -> None:
    standing = dict(aws.world.aws.resources)
    aws.world.configure("copilot", project_name="team-b")
    restart = aws.tdeploy("services", "restart", "copilot-api")
    assert restart.exit_code == 2
    assert restart.error.endswith(
        "failed: aws dsql cluster team-b-copilot-dsql is not there yet: `tdeploy up` makes it"
    )
    up = aws.tdeploy("up")
    assert up.exit_code == 2
    assert "temporal-dev-copilot-dsql" in up.remarks
    assert (
        "this removes or replaces all of the above, which the stack copilot has in AWS" in up.error
    )
    # Nor do they need to be let in, to stop.
    aws.world.aws_calls.refusal = ("ExpiredToken", "expired")
    down = aws.tdeploy("services", "down")
    assert down.exit_code == 0, down.remarks
    assert not aws.world.docker.containers
    assert aws.world.aws.resources == standing


def test_containers_stay_where_only_aws_is_applied(aws: Clone) -> None:
    before = set(aws.world.docker.containers)
    applied = aws.tdeploy("infra", "apply-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert applied.exit_code == 0, applied.remarks
    assert set(aws.world.docker.containers) == before


def test_aws_goes_with_its_containers_and_data_in_volumes_stays(aws: Clone) -> None:
    bucket = "temporal-dev-copilot-kb-source-123456789012"
    kept = set(aws.world.docker.volumes)
    aws.world.aws.resources[f"aws:s3/bucketObjectv2:BucketObjectv2 {bucket}/a.md"] = {
        "bucket": bucket,
        "key": "a.md",
    }
    gone = aws.tdeploy("infra", "destroy-copilot", "--yes")
    assert gone.exit_code == 0, gone.remarks
    assert "volume" not in gone.remarks
    status = aws.tdeploy("infra", "status", "--json")
    assert (status.exit_code, json.loads(status.answer)["copilot"]) == (1, None)
    assert not aws.world.docker.containers
    assert set(aws.world.docker.volumes) == kept
    assert len(aws.world.aws.standing(CLUSTER)) == 1

    down = aws.tdeploy("down", "--yes")
    assert down.exit_code == 0, down.remarks
    assert not aws.world.docker.volumes


def test_aws_goes_also_where_docker_is_down(aws: Clone) -> None:
    left = set(aws.world.docker.containers)
    gone = aws.tdeploy("infra", "destroy-copilot", "--yes", DOCKER_HOST=NO_DOCKER)
    assert gone.exit_code == 0, gone.remarks
    assert "the containers stay: `tdeploy services down` removes them" in gone.remarks
    assert len(aws.world.aws.standing(CLUSTER)) == 1
    assert set(aws.world.docker.containers) == left

    down = aws.tdeploy("services", "down")
    assert down.exit_code == 0, down.remarks
    assert not aws.world.docker.containers
    assert len(aws.world.aws.standing(CLUSTER)) == 1
    up = aws.tdeploy("up")
    assert up.exit_code == 0, up.remarks
    assert aws.world.docker.named("copilot-copilot-worker").running


def test_an_interrupted_destroy_is_no_success(aws: Clone) -> None:
    with aws.tdeploy.started("infra", "destroy-copilot", "--yes") as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("removed "):
                break
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
    assert stopped.exit_code == 2
    assert "destroying copilot was interrupted" in stopped.remarks
    assert "has nothing in AWS any more" not in stopped.remarks
    gone = aws.tdeploy("infra", "destroy-copilot", "--yes")
    assert gone.exit_code == 0, gone.remarks
    assert len(aws.world.aws.standing(CLUSTER)) == 1
