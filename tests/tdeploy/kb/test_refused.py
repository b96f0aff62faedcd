"""`tdeploy kb` if AWS refuses or does not answer: one line with what to do."""

from pathlib import Path

import pytest

from tests.tdeploy.kb.aws_world import World, make_world
from tests.tdeploy.kb.policies import new_user


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"},
            "aws sso login",
            id="no credentials",
        ),
        pytest.param({"AWS_PROFILE": "nobody"}, "(nobody)", id="no profile"),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "region eu-west-1", id="unreachable"
        ),
    ],
)
# One whose first request is to S3, and one whose first is to Bedrock.
@pytest.mark.parametrize("command", ["sync", "status"])
def test_the_error_is_one_line(
    world: World,
    tmp_path: Path,
    command: str,
    variables: dict[str, str],
    name: str,
) -> None:
    options = {"sync": world.bucket_options, "status": world.base_options}[command]
    ended = world.run(command, *options, HOME=str(tmp_path), **variables)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert name in ended.error
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("-k", "KB00000000"), "knowledge base KB00000000"),
        (("-d", "DS00000000"), "data source DS00000000 of knowledge base"),
        (("-r", "us-east-1"), "us-east-1"),
        (("-r", "nowhere at all"), "nowhere at all"),
    ],
)
def test_a_wrong_id_or_region_is_named(world: World, options: tuple[str, ...], name: str) -> None:
    ended = world.run("status", *world.base_options, *options)
    assert ended.exit_code == 2
    assert name in ended.error


def test_an_invalid_bucket_name_is_refused(world: World) -> None:
    ended = world.run("sync", "--bucket", "bad bucket!", "--region", "eu-west-1")
    assert ended.exit_code == 2
    assert "s3://bad bucket!" in ended.error
    assert ended.stderr.count("\n") == 1


def test_a_missing_permission_is_named(strict_url: str) -> None:
    world = make_world(strict_url)
    user = new_user(world)
    for command, options, action in (
        ("sync", world.bucket_options, "s3:ListBucket"),
        ("status", world.base_options, "bedrock:GetKnowledgeBase"),
        ("jobs", world.base_options, "bedrock:ListIngestionJobs"),
        ("ingest", world.base_options, "bedrock:StartIngestionJob"),
        ("populate", world.options, "bedrock:GetDataSource"),
    ):
        ended = world.run(command, *options, **user)
        assert ended.exit_code == 2
        assert ended.stderr.rstrip().endswith(action)


def test_each_upload_that_fails_is_named_and_nothing_is_lost(strict_url: str, folder: Path) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    bucket = f"arn:aws:s3:::{world.bucket}"
    writer = new_user(
        world,
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/a.md"},
        {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"{bucket}/*"},
    )
    ended = world.run("sync", "-s", str(folder), *world.bucket_options, "--yes", **writer)
    assert ended.exit_code == 1
    for key in ("b.md", "deep/c.md"):
        assert f"s3://{world.bucket}/{key}: " in ended.stderr
    assert "2 of 4" in ended.error
    assert "s3:PutObject" in ended.stderr
    assert set(world.objects()) == {"a.md", "gone.md"}


def test_a_failed_deletion_is_named(strict_url: str, folder: Path) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    bucket = f"arn:aws:s3:::{world.bucket}"
    writer = new_user(
        world,
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/*"},
    )
    ended = world.run("sync", "-s", str(folder), *world.bucket_options, "--yes", **writer)
    assert ended.exit_code == 1
    assert "s3:DeleteObject" in ended.stderr
    assert "1 of 4" in ended.error
    assert "gone.md" in world.objects()


def test_unknown_credentials_are_refused(strict_url: str) -> None:
    world = make_world(strict_url)
    ended = world.run("sync", *world.bucket_options, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE")
    assert ended.exit_code == 2
    assert "InvalidAccessKeyId" in ended.error
    assert "aws sso login" in ended.error
