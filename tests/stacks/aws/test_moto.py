"""The requests that create a stack's resources have their effect in moto.

moto implements the services by their API's reference; it stores no data sources of Bedrock, and
no knowledge base on S3 Vectors. It has Aurora DSQL in two regions, of which these tests take one.
"""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from stacks.preflight import aws as aws_preflight
from tests.stacks.aws.conftest import SETTINGS, Declared
from tests.stacks.aws.requests import Request, requests

REGION = "us-east-1"
PROJECT = "temporal-dev"
PREFIX = f"{PROJECT}-copilot"
SERVICES = {"dsql", "dynamodb", "iam", "s3", "s3vectors"}
# A second resource of the same name is refused; moto does not refuse a vector index.
UNIQUE = {"CreateRole", "CreateTable", "CreateVectorBucket"}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account in this process."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


# Any: the types of each service are a package that we do not depend on.
def client(service: str) -> Any:  # noqa: ANN401
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def send(request: Request) -> None:
    called = client(request.service)
    called._make_api_call(request.operation, request.params)


def created(stack: str, declared: Declared) -> list[Request]:
    """The requests for the stack's resources, which exist now."""
    every = [requests(made) for made in declared(stack, PROJECT)]
    known = [request for request in every if request.service in SERVICES]
    for request in known:
        send(request)
    return known


@pytest.mark.parametrize("stack", SETTINGS)
def test_a_second_resource_of_the_same_name_is_refused(stack: str, declared: Declared) -> None:
    for request in created(stack, declared):
        if request.operation in UNIQUE:
            with pytest.raises(ClientError):
                send(request)


@pytest.mark.parametrize("stack", SETTINGS)
def test_only_the_shared_cluster_is_protected(stack: str, declared: Declared) -> None:
    created(stack, declared)
    dsql = client("dsql")
    [cluster] = dsql.list_clusters()["clusters"]
    stored = dsql.get_cluster(identifier=cluster["identifier"])
    assert stored["deletionProtectionEnabled"] is (stack == "dev")


def test_the_tables_are_keyed_and_paid_by_request(declared: Declared) -> None:
    created("dev", declared)
    dynamodb = client("dynamodb")
    names = dynamodb.list_tables()["TableNames"]
    assert len(names) == 2
    for name in names:
        table = dynamodb.describe_table(TableName=name)["Table"]
        assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_corpus_is_versioned_encrypted_and_private(declared: Declared) -> None:
    created("copilot", declared)
    s3 = client("s3")
    [bucket] = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}


def test_the_role_has_its_policies_for_the_index_that_exists(declared: Declared) -> None:
    created("copilot", declared)
    iam, vectors = client("iam"), client("s3vectors")
    role = f"{PREFIX}-bedrock-kb"
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    assert set(policies) == {"bedrock-kb-embeddings", "bedrock-kb-source", "bedrock-kb-vectors"}
    [bucket] = [one["vectorBucketName"] for one in vectors.list_vector_buckets()["vectorBuckets"]]
    index = vectors.get_index(vectorBucketName=bucket, indexName=f"{PREFIX}-kb-index")["index"]
    assert index["dimension"] == 1024
    [statement] = policies["bedrock-kb-vectors"]["Statement"]
    assert statement["Resource"].split(":bucket/")[1] == index["indexArn"].split(":bucket/")[1]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert json.dumps(trust).count("bedrock.amazonaws.com") == 1


def test_the_preflight_finds_credentials_and_aurora_dsql() -> None:
    assert list(aws_preflight.problems(REGION, embeddings=False)) == []
