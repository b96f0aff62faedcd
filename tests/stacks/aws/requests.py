"""What the AWS provider sends to create each resource of ours, made from the resource's inputs.

An input that has no parameter here fails the test, so that a new input is looked up in the API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.components.pulumi_run import RegisteredResource
from tests.fakes.aws_preflight import ACCOUNT

REGION = "eu-west-1"
Inputs = dict[str, Any]
Params = dict[str, Any]


@dataclass(frozen=True)
class Request:
    service: str
    operation: str
    params: Params
    resource: str
    """The ARN for which the caller needs the permission."""


@dataclass(frozen=True)
class Creation:
    """The call that creates a type of resource. `params` takes the inputs that it uses."""

    service: str
    operation: str
    params: Callable[[Inputs], Params]
    resource: str
    """The ARN for which the caller needs the permission, with parameters in braces."""
    provider_only: frozenset[str] = frozenset()
    """Inputs that the provider keeps to itself, such as what to do when it deletes."""


def requests(made: RegisteredResource) -> Request:
    """The request that creates a resource. Raises KeyError for a type that is not known here."""
    creation = CREATIONS[made.type]
    inputs = {
        name: value for name, value in made.inputs.items() if name not in creation.provider_only
    }
    params = creation.params(inputs)
    assert not inputs, f"{made.type}: no parameter for {', '.join(inputs)}"
    resource = creation.resource.format(region=REGION, account=ACCOUNT, **params)
    return Request(creation.service, creation.operation, params, resource)


def _cluster(inputs: Inputs) -> Params:
    return _same(inputs, "deletionProtectionEnabled", "tags")


def _table(inputs: Inputs) -> Params:
    key = inputs.pop("hashKey")
    inputs.pop("ttl")  # a call of its own: UpdateTimeToLive
    return {
        "TableName": inputs.pop("name"),
        "BillingMode": inputs.pop("billingMode"),
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": one["name"], "AttributeType": one["type"]}
            for one in inputs.pop("attributes")
        ],
        "DeletionProtectionEnabled": inputs.pop("deletionProtectionEnabled"),
        "Tags": _tag_list(inputs),
    }


def _bucket(inputs: Inputs) -> Params:
    inputs.pop("tags")  # a call of its own: PutBucketTagging
    return {"Bucket": inputs.pop("bucket")}


def _versioning(inputs: Inputs) -> Params:
    return {
        "Bucket": inputs.pop("bucket"),
        "VersioningConfiguration": {"Status": inputs.pop("versioningConfiguration")["status"]},
    }


def _encryption(inputs: Inputs) -> Params:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"]
            }
        }
        for rule in inputs.pop("rules")
    ]
    return {"Bucket": inputs.pop("bucket"), "ServerSideEncryptionConfiguration": {"Rules": rules}}


def _access_block(inputs: Inputs) -> Params:
    bucket = inputs.pop("bucket")
    names = list(inputs)
    block = {f"{name[0].upper()}{name[1:]}": inputs.pop(name) for name in names}
    return {"Bucket": bucket, "PublicAccessBlockConfiguration": block}


def _vector_bucket(inputs: Inputs) -> Params:
    return _same(inputs, "vectorBucketName")


def _vector_index(inputs: Inputs) -> Params:
    return _same(
        inputs,
        *("vectorBucketName", "indexName", "dataType", "dimension", "distanceMetric"),
        "metadataConfiguration",
    )


def _knowledge_base(inputs: Inputs) -> Params:
    return _same(
        inputs, "name", "roleArn", "knowledgeBaseConfiguration", "storageConfiguration", "tags"
    )


def _data_source(inputs: Inputs) -> Params:
    return _same(
        inputs,
        *("name", "knowledgeBaseId", "dataSourceConfiguration", "dataDeletionPolicy"),
        "vectorIngestionConfiguration",
    )


def _role(inputs: Inputs) -> Params:
    return {
        "RoleName": inputs.pop("name"),
        "AssumeRolePolicyDocument": inputs.pop("assumeRolePolicy"),
        "Tags": _tag_list(inputs),
    }


def _role_policy(inputs: Inputs) -> Params:
    return {
        "RoleName": inputs.pop("role"),
        "PolicyName": inputs.pop("name"),
        "PolicyDocument": inputs.pop("policy"),
    }


def _same(inputs: Inputs, *names: str) -> Params:
    return {name: _whole(inputs.pop(name)) for name in names if name in inputs}


def _whole(value: Any) -> Any:  # noqa: ANN401  as decoded
    """Pulumi's numbers are floats on the wire; the provider sends whole ones as integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    return [_whole(member) for member in value] if isinstance(value, list) else value


def _tag_list(inputs: Inputs) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in inputs.pop("tags").items()]


_BUCKET = "arn:aws:s3:::{Bucket}"
_VECTOR_BUCKET = "arn:aws:s3vectors:{region}:{account}:bucket/{vectorBucketName}"
_ROLE = "arn:aws:iam::{account}:role/{RoleName}"

CREATIONS: Mapping[str, Creation] = {
    "aws:dsql/cluster:Cluster": Creation(
        "dsql", "CreateCluster", _cluster, "arn:aws:dsql:{region}:{account}:cluster/new"
    ),
    "aws:dynamodb/table:Table": Creation(
        "dynamodb", "CreateTable", _table, "arn:aws:dynamodb:{region}:{account}:table/{TableName}"
    ),
    "aws:s3/bucket:Bucket": Creation(
        "s3", "CreateBucket", _bucket, _BUCKET, frozenset({"forceDestroy"})
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Creation(
        "s3", "PutBucketVersioning", _versioning, _BUCKET
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Creation("s3", "PutBucketEncryption", _encryption, _BUCKET)
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Creation(
        "s3", "PutPublicAccessBlock", _access_block, _BUCKET
    ),
    "aws:s3/vectorsVectorBucket:VectorsVectorBucket": Creation(
        "s3vectors",
        "CreateVectorBucket",
        _vector_bucket,
        _VECTOR_BUCKET,
        frozenset({"forceDestroy"}),
    ),
    "aws:s3/vectorsIndex:VectorsIndex": Creation(
        "s3vectors", "CreateIndex", _vector_index, f"{_VECTOR_BUCKET}/index/{{indexName}}"
    ),
    "aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase": Creation(
        "bedrock-agent", "CreateKnowledgeBase", _knowledge_base, "*"
    ),
    "aws:bedrock/agentDataSource:AgentDataSource": Creation(
        "bedrock-agent",
        "CreateDataSource",
        _data_source,
        "arn:aws:bedrock:{region}:{account}:knowledge-base/{knowledgeBaseId}",
    ),
    "aws:iam/role:Role": Creation("iam", "CreateRole", _role, _ROLE),
    "aws:iam/rolePolicy:RolePolicy": Creation("iam", "PutRolePolicy", _role_policy, _ROLE),
}
