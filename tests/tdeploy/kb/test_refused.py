"""`tdeploy kb` where AWS refuses, or is not there: one line says what to do."""

from pathlib import Path

import pytest

from tests.tdeploy.kb.aws_world import World, make_world
from tests.tdeploy.kb.policies import somebody


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"},
            "there are no AWS credentials",
            id="no credentials",
        ),
        pytest.param({"AWS_PROFILE": "nobody"}, "(nobody) could not be found", id="no profile"),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "AWS does not answer", id="unreachable"
        ),
    ],
)
# One that begins with S3, and one with Bedrock.
@pytest.mark.parametrize("command", ["sync", "status"])
def test_one_line_says_why(
    world: World,
    tmp_path: Path,
    command: str,
    variables: dict[str, str],
    said: str,
) -> None:
    options = {"sync": world.bucket_options, "status": world.base_options}[command]
    answer = world.run(command, *options, HOME=str(tmp_path), **variables)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-k", "KB00000000"), "knowledge base KB00000000 is not in eu-west-1"),
        (("-d", "DS00000000"), "data source DS00000000 of knowledge base"),
        (("-r", "us-east-1"), "is not in us-east-1"),
        (("-r", "nowhere at all"), "doesn't match a supported format"),
    ],
)
def test_a_wrong_id_or_region_is_named(world: World, options: tuple[str, ...], said: str) -> None:
    answer = world.run("status", *world.base_options, *options)
    assert answer.code == 2
    assert said in answer.err


def test_a_name_that_no_bucket_has_is_one_line(world: World) -> None:
    answer = world.run("sync", "--bucket", "bad bucket!", "--region", "eu-west-1")
    assert answer.code == 2
    assert answer.err == (
        "error: s3://bad bucket! is no bucket: its name has 3 to 63 lower-case letters, digits,"
        " dots and hyphens\n"
    )


def test_the_permission_that_is_missing_is_named(strict_url: str) -> None:
    world = make_world(strict_url)
    nobody = somebody(world)
    for command, options, action in (
        ("sync", world.bucket_options, "s3:ListBucket"),
        ("status", world.base_options, "bedrock:GetKnowledgeBase"),
        ("jobs", world.base_options, "bedrock:ListIngestionJobs"),
        ("ingest", world.base_options, "bedrock:StartIngestionJob"),
        ("populate", world.options, "bedrock:GetDataSource"),
    ):
        said = world.run(command, *options, **nobody)
        assert said.code == 2
        assert said.err.rstrip().endswith(f"needs the permission {action}")


def test_each_upload_that_fails_is_named_and_nothing_is_lost(strict_url: str, folder: Path) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    bucket = f"arn:aws:s3:::{world.bucket}"
    writer = somebody(
        world,
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/a.md"},
        {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"{bucket}/*"},
    )
    said = world.run("sync", "-s", str(folder), *world.bucket_options, "--yes", **writer)
    assert said.code == 1
    for key in ("b.md", "deep/c.md"):
        assert f"s3://{world.bucket}/{key}: AWS denies it" in said.err
    assert "2 of 4 changes failed" in said.err
    assert "s3:PutObject" in said.err
    assert set(world.objects()) == {"a.md", "gone.md"}


def test_a_deletion_that_fails_is_said(strict_url: str, folder: Path) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    bucket = f"arn:aws:s3:::{world.bucket}"
    writer = somebody(
        world,
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/*"},
    )
    said = world.run("sync", "-s", str(folder), *world.bucket_options, "--yes", **writer)
    assert said.code == 1
    assert "AWS denies it: your user or role needs the permission s3:DeleteObject" in said.err
    assert "1 of 4 changes failed" in said.err
    assert "gone.md" in world.objects()


def test_credentials_that_aws_does_not_know(strict_url: str) -> None:
    world = make_world(strict_url)
    said = world.run("sync", *world.bucket_options, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE")
    assert said.code == 2
    assert "AWS refuses the credentials" in said.err
