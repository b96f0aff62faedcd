"""The AWS resources of the stacks, as their whole programs declare them."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pulumi
import pytest

from tests.components.pulumi_run import FakeProviders, RegisteredResource
from tests.fakes.aws_preflight import ACCOUNT
from tests.stacks.aws.requests import REGION
from tests.stacks.conftest import ready_engine, run_main, signed_in

Declared = Callable[[str, str], list[RegisteredResource]]
"""The AWS resources of a stack for a project name."""
# Of each stack, those with which it has all its resources in AWS.
SETTINGS = {
    "dev": {"dynamodb_tables": "true"},
    "copilot": {"shared_dsql_endpoint": "a1b2.dsql.eu-west-1.on.aws"},
}


class Account(FakeProviders):
    """AWS that makes up identifiers in the form of the real ones."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        _, outputs = super().new_resource(args)
        vectors = f"arn:aws:s3vectors:{REGION}:{ACCOUNT}:bucket/{outputs.get('vectorBucketName')}"
        computed = {
            "aws:s3/bucket:Bucket": {"arn": f"arn:aws:s3:::{outputs.get('bucket')}"},
            "aws:s3/vectorsVectorBucket:VectorsVectorBucket": {"vectorBucketArn": vectors},
            "aws:s3/vectorsIndex:VectorsIndex": {
                "indexArn": f"{vectors}/index/{outputs.get('indexName')}"
            },
            "aws:iam/role:Role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{args.inputs.get('name')}"},
        }
        return "KB12345678", {**outputs, **computed.get(args.typ, {})}

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        del args
        return {"accountId": ACCOUNT}, []


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """The whole program runs once for each stack and name."""

    @cache
    def run(stack: str, project: str) -> list[RegisteredResource]:
        home = tmp_path_factory.mktemp("home")
        settings = {"project_name": project, "region": REGION, **SETTINGS[stack]}
        with ready_engine(), signed_in(home):
            made = run_main(stack, home, configuration=settings, providers=Account())
        return [one for one in made.resources if one.type.startswith("aws:")]

    return run
