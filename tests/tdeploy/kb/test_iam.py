"""The policies of docs/iam.md: well formed, and for `tdeploy kb` exactly what it needs."""

import json
import re
from pathlib import Path

import pytest

from tests.fakes.ministack import REGION
from tests.tdeploy.kb.aws_world import World, make_world
from tests.tdeploy.kb.policies import Statement, documented, new_user

# The command that fails without the permission.
NEEDED_BY = {
    "bedrock:GetDataSource": "populate",
    "bedrock:GetIngestionJob": "ingest",
    "bedrock:GetKnowledgeBase": "status",
    "bedrock:ListIngestionJobs": "jobs",
    "bedrock:ListKnowledgeBaseDocuments": "status",
    "bedrock:StartIngestionJob": "ingest",
    "s3:DeleteObject": "sync",
    "s3:ListBucket": "sync",
    "s3:PutObject": "sync",
}


def actions(statement: Statement) -> list[str]:
    named = statement["Action"]
    return [named] if isinstance(named, str) else named


def kb_policy(world: World, *, without: str = "") -> list[Statement]:
    text = json.dumps(documented()["kb"])
    for name, value in {
        "REGION": REGION,
        "ACCOUNT": "000000000000",
        "KNOWLEDGE_BASE_ID": world.knowledge_base_id,
        "BUCKET": world.bucket,
    }.items():
        text = re.sub(rf"\b{name}\b", value, text)
    trimmed = [
        {**one, "Action": [action for action in actions(one) if action != without]}
        for one in json.loads(text)
    ]
    return [one for one in trimmed if one["Action"]]


def options(world: World, command: str, folder: Path) -> tuple[str, ...]:
    source = ("--source", str(folder), "--yes")
    if command == "sync":
        return (*source, *world.bucket_options)
    return (*source, *world.options) if command == "populate" else world.base_options


def test_every_policy_is_well_formed() -> None:
    assert set(documented()) == {"dev", "checks", "copilot", "services", "kb"}
    for statements in documented().values():
        for statement in statements:
            assert statement["Effect"] == "Allow"
            assert statement["Resource"]
            named = actions(statement)
            assert named == sorted(set(named))
            assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z]\w+", action) for action in named)


def test_the_policy_of_kb_is_enough(strict_url: str, folder: Path) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    user = new_user(world, *kb_policy(world))
    for command in ("sync", "ingest", "populate", "status", "jobs"):
        ended = world.run(command, *options(world, command, folder), **user)
        assert ended.exit_code == 0, ended.stderr


@pytest.mark.parametrize("action", NEEDED_BY)
def test_the_policy_of_kb_grants_nothing_more(strict_url: str, folder: Path, action: str) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    user = new_user(world, *kb_policy(world, without=action))
    command = NEEDED_BY[action]
    ended = world.run(command, *options(world, command, folder), **user)
    assert ended.exit_code != 0
    assert action in ended.stderr


def test_every_permission_of_kb_is_tested() -> None:
    assert {name for one in documented()["kb"] for name in actions(one)} == set(NEEDED_BY)
