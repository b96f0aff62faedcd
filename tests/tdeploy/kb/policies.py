"""The policies of docs/iam.md, and users with them in a fake for AWS."""

import json
import re
from pathlib import Path
from typing import Any

from tests.tdeploy.kb.aws_world import World

DOCUMENT = Path(__file__).parents[3] / "docs" / "iam.md"
Statement = dict[str, Any]


def documented() -> dict[str, list[Statement]]:
    """The statements of each policy, by its name."""
    found = re.findall(
        r"<!-- policy: (\w+) -->\n```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL
    )
    return {name: json.loads(policy)["Statement"] for name, policy in found}


def new_user(world: World, *statements: Statement) -> dict[str, str]:
    """The credentials of a new user with only these permissions, as environment variables."""
    iam = world.client("iam")
    name = f"user-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
