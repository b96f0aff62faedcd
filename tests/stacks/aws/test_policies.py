"""IAM policies name what AWS has: those of docs/iam.md, and those that the stacks create."""

import json
import re

import pytest

from tests.components.pulumi_run import RegisteredResource
from tests.fakes.aws_preflight import ACCOUNT
from tests.stacks.aws.conftest import SETTINGS, Declared
from tests.stacks.aws.iam import (
    Statement,
    action_of,
    allows,
    dependent_actions,
    exists,
    listed,
    problems,
)
from tests.stacks.aws.requests import REGION, requests
from tests.tdeploy.kb.policies import DOCUMENT, documented

PROJECT = "temporal-dev"
# The policies that docs/iam.md asks for, by stack.
POLICIES = {"dev": ("dev",), "copilot": ("dev", "copilot")}


def with_values(policy: str) -> list[Statement]:
    """A documented policy for the account, region and project of these tests."""
    text = json.dumps(documented()[policy])
    for name, value in {"REGION": REGION, "ACCOUNT": ACCOUNT, "PROJECT": PROJECT}.items():
        text = re.sub(rf"\b{name}\b", value, text)
    statements: list[Statement] = json.loads(text)
    return statements


def created_policies(resources: list[RegisteredResource]) -> list[Statement]:
    """The statements of every role, its trust among them."""
    texts = [
        made.inputs[name]
        for made in resources
        for name in ("assumeRolePolicy", "policy")
        if name in made.inputs
    ]
    return [statement for text in texts for statement in json.loads(text)["Statement"]]


@pytest.mark.parametrize("policy", documented())
def test_documented_actions_resources_and_conditions_exist(policy: str) -> None:
    for statement in with_values(policy):
        assert problems(statement) == [], statement["Sid"]


def test_actions_in_the_documents_text_exist() -> None:
    named = set(re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", DOCUMENT.read_text("utf-8")))
    assert named
    assert [action for action in sorted(named) if not exists(action)] == []


def test_the_policies_of_the_knowledge_bases_role_exist(declared: Declared) -> None:
    statements = created_policies(declared("copilot", PROJECT))
    assert len(statements) == 5
    for statement in statements:
        assert problems(statement) == []


@pytest.mark.parametrize("stack", SETTINGS)
def test_the_documented_permissions_suffice_to_create_a_stack(
    stack: str, declared: Declared
) -> None:
    statements = [one for policy in POLICIES[stack] for one in with_values(policy)]
    for made in declared(stack, PROJECT):
        request = requests(made)
        action = action_of(request.service, request.operation)
        allowed = [one for one in statements if allows(one, action, request.resource)]
        assert allowed, f"{action} on {request.resource}"
    needed = {action for one in statements for action in dependent_actions(one)}
    assert needed <= {action for one in statements for action in listed(one["Action"])}


def test_what_aws_does_not_have_is_found() -> None:
    bucket = "arn:aws:s3:::corpus"
    wrong: dict[str, Statement] = {
        "no such action": {"Action": "s3:GetBucketEncryption", "Resource": bucket},
        "no such service": {"Action": "s3vector:GetIndex", "Resource": bucket},
        "an object's action on a bucket": {"Action": "s3:GetObject", "Resource": bucket},
        "no ARN of the service": {"Action": "dsql:GetCluster", "Resource": "arn:aws:dsql:::a"},
        "any resource": {"Action": "dsql:GetCluster", "Resource": "*"},
        "an unknown condition": {
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {"StringEquals": {"s3:folder": "a"}},
        },
    }
    assert [name for name, statement in wrong.items() if not problems(statement)] == []
