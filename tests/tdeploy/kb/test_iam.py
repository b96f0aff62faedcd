"""docs/iam.md: its policies are ones, and that of `tdeploy kb` is what those commands need."""

import json
import re
from pathlib import Path

import pytest

from tests.ministack import REGION
from tests.tdeploy.kb.aws_world import World, make_world
from tests.tdeploy.kb.policies import Statement, documented, somebody

# Which command fails without it.
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
    assert set(documented()) == {"dev", "copilot", "services", "kb"}
    for statements in documented().values():
        for statement in statements:
            assert statement["Effect"] == "Allow"
            assert statement["Resource"]
            named = actions(statement)
            assert named == sorted(set(named))
            assert all(re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action) for action in named)


def test_the_policy_of_kb_is_enough(strict_url: str, folder: Path) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    user = somebody(world, *kb_policy(world))
    for command in ("sync", "ingest", "populate", "status", "jobs"):
        said = world.run(command, *options(world, command, folder), **user)
        assert said.code == 0, said.err


@pytest.mark.parametrize("action", NEEDED_BY)
def test_the_policy_of_kb_grants_nothing_in_vain(
    strict_url: str, folder: Path, action: str
) -> None:
    world = make_world(strict_url)
    world.put("gone.md", b"gone")
    user = somebody(world, *kb_policy(world, without=action))
    command = NEEDED_BY[action]
    said = world.run(command, *options(world, command, folder), **user)
    assert said.code != 0
    assert f"needs the permission {action}" in said.err


def test_no_permission_of_kb_is_left_untried() -> None:
    assert {name for one in documented()["kb"] for name in actions(one)} == set(NEEDED_BY)
