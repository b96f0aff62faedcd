"""The aws package's stand-in: echoes what it is asked for and makes up plausible outputs."""

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.engine.provider import Package
from tests.engine.resource_types import Difference, Made, RefusedError, ResourceType
from tests.engine.values import Properties

ACCOUNT = "123456789012"
# What AWS cannot change on a standing resource.
_IMMUTABLE = {
    "bucket",
    "dataType",
    "dimension",
    "distanceMetric",
    "hashKey",
    "indexName",
    "key",
    "kmsEncryptionKey",
    "knowledgeBaseConfiguration",
    "knowledgeBaseId",
    "metadataConfiguration",
    "name",
    "role",
    "storageConfiguration",
    "vectorBucketName",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass
class Account:
    """An AWS account in memory."""

    resources: dict[str, Properties] = field(default_factory=dict)
    """Inputs of what stands, by `token id`."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def new_identifier(self, length: int) -> str:
        digest = hashlib.sha256(f"{next(self._numbers)}".encode()).digest()
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:length])

    def standing(self, token: str) -> list[Properties]:
        """The inputs of every resource of a type."""
        return [inputs for key, inputs in self.resources.items() if key.split()[0] == token]


def aws_package(account: Account) -> Callable[[Properties], Package]:
    """Makes the package for a provider configuration."""

    def configured(config: Properties) -> Package:
        region = config.get("region", "us-east-1")
        tags = json.loads(config.get("defaultTags", "{}")).get("tags", {})
        kinds = {
            token: Resource(account, token, region, tags, describe)
            for token, describe in _DESCRIPTIONS.items()
        }
        return Package(
            kinds,
            {
                "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {
                    "accountId": ACCOUNT,
                    "arn": f"arn:aws:iam::{ACCOUNT}:user/tester",
                    "id": ACCOUNT,
                    "userId": "AIDATESTER",
                },
                "aws:index/getRegion:getRegion": lambda _: {
                    "id": region,
                    "name": region,
                    "region": region,
                    "description": region,
                },
                "aws:index/getPartition:getPartition": lambda _: {
                    "id": "aws",
                    "partition": "aws",
                    "dnsSuffix": "amazonaws.com",
                },
                "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
            },
        )

    return configured


Description = Callable[[Account, Properties, str], tuple[str, Properties]]
"""From an account, inputs and region to the new resource's id and outputs."""


class Resource(ResourceType):
    """Any type of AWS resource, in one region."""

    computed = frozenset(
        {"arn", "identifier", "tagsAll", "vectorBucketArn", "indexArn", "dataSourceId"}
    )

    def __init__(
        self,
        account: Account,
        token: str,
        region: str,
        default_tags: dict[str, str],
        describe: Description,
    ) -> None:
        self._account = account
        self._token = token
        self._region = region
        self._default_tags = default_tags
        self._describe = describe

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        for key in _AUTOMATICALLY_NAMED.get(self._token, ()):
            inputs = {key: old_inputs.get(key, f"{name}-0a1b2c3"), **inputs}
        return {"region": self._region, **inputs}

    def difference(self, old: Made, inputs: Properties) -> Difference:
        found = super().difference(old, inputs)
        return Difference(found.changed, sorted({*found.changed} & _IMMUTABLE))

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        identifier, outputs = self._describe(self._account, inputs, inputs["region"])
        key = f"{self._token} {identifier}"
        if key in self._account.resources:
            raise RefusedError(f"ConflictException: {identifier} exists already")
        self._account.resources[key] = inputs
        return Made(identifier, inputs, self._outputs(inputs, outputs))

    def read(self, old: Made) -> Made | None:
        inputs = self._account.resources.get(f"{self._token} {old.identifier}")
        if inputs is None:
            return None
        return Made(old.identifier, inputs, {**old.outputs, **self._outputs(inputs, {})})

    def update(self, old: Made, inputs: Properties) -> Made:
        self._account.resources[f"{self._token} {old.identifier}"] = inputs
        return Made(old.identifier, inputs, {**old.outputs, **self._outputs(inputs, {})})

    def delete(self, old: Made) -> None:
        if old.inputs.get("deletionProtectionEnabled"):
            raise RefusedError(
                f"deleting {old.identifier}: ConflictException: deletion protection is enabled"
            )
        objects = self._account.standing("aws:s3/bucketObjectv2:BucketObjectv2")
        if (
            self._token == "aws:s3/bucket:Bucket"  # noqa: S105, a type, not a password
            and not old.inputs.get("forceDestroy")
            and any(entry["bucket"] == old.identifier for entry in objects)
        ):
            raise RefusedError(f"deleting S3 Bucket ({old.identifier}): BucketNotEmpty")
        del self._account.resources[f"{self._token} {old.identifier}"]

    def _outputs(self, inputs: Properties, outputs: Properties) -> Properties:
        tags = {**self._default_tags, **inputs.get("tags", {})}
        return {**inputs, **outputs, **({"tagsAll": tags} if tags else {})}


def _cluster(account: Account, _inputs: Properties, region: str) -> tuple[str, Properties]:
    identifier = account.new_identifier(26)
    return identifier, {
        "identifier": identifier,
        "arn": f"arn:aws:dsql:{region}:{ACCOUNT}:cluster/{identifier}",
        "vpcEndpointServiceName": f"com.amazonaws.{region}.dsql-fnh4",
    }


def _table(_account: Account, inputs: Properties, region: str) -> tuple[str, Properties]:
    name = inputs["name"]
    return name, {"arn": f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{name}"}


def _bucket(_account: Account, inputs: Properties, region: str) -> tuple[str, Properties]:
    name = inputs["bucket"]
    domain = f"{name}.s3.{region}.amazonaws.com"
    return name, {"arn": f"arn:aws:s3:::{name}", "bucketRegionalDomainName": domain}


def _of_bucket(_account: Account, inputs: Properties, _region: str) -> tuple[str, Properties]:
    return inputs["bucket"], {}


def _object(_account: Account, inputs: Properties, _region: str) -> tuple[str, Properties]:
    name = f"{inputs['bucket']}/{inputs['key']}"
    return name, {"arn": f"arn:aws:s3:::{name}"}


def _vector_bucket(_account: Account, inputs: Properties, region: str) -> tuple[str, Properties]:
    arn = f"arn:aws:s3vectors:{region}:{ACCOUNT}:bucket/{inputs['vectorBucketName']}"
    return arn, {"vectorBucketArn": arn}


def _vector_index(_account: Account, inputs: Properties, region: str) -> tuple[str, Properties]:
    bucket = f"arn:aws:s3vectors:{region}:{ACCOUNT}:bucket/{inputs['vectorBucketName']}"
    arn = f"{bucket}/index/{inputs['indexName']}"
    return arn, {"indexArn": arn}


def _role(_account: Account, inputs: Properties, _region: str) -> tuple[str, Properties]:
    return inputs["name"], {"arn": f"arn:aws:iam::{ACCOUNT}:role/{inputs['name']}"}


def _role_policy(_account: Account, inputs: Properties, _region: str) -> tuple[str, Properties]:
    return f"{inputs['role']}:{inputs['name']}", {}


def _knowledge_base(account: Account, _inputs: Properties, region: str) -> tuple[str, Properties]:
    identifier = account.new_identifier(10).upper()
    return identifier, {"arn": f"arn:aws:bedrock:{region}:{ACCOUNT}:knowledge-base/{identifier}"}


def _data_source(account: Account, inputs: Properties, _region: str) -> tuple[str, Properties]:
    identifier = account.new_identifier(10).upper()
    return f"{identifier},{inputs['knowledgeBaseId']}", {"dataSourceId": identifier}


_DESCRIPTIONS: dict[str, Description] = {
    "aws:dsql/cluster:Cluster": _cluster,
    "aws:dynamodb/table:Table": _table,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketVersioning:BucketVersioning": _of_bucket,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _of_bucket
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_bucket,
    "aws:s3/bucketNotification:BucketNotification": _of_bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of_bucket,
    "aws:s3/bucketPolicy:BucketPolicy": _of_bucket,
    "aws:s3/bucketObjectv2:BucketObjectv2": _object,
    "aws:s3/vectorsVectorBucket:VectorsVectorBucket": _vector_bucket,
    "aws:s3/vectorsIndex:VectorsIndex": _vector_index,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase": _knowledge_base,
    "aws:bedrock/agentDataSource:AgentDataSource": _data_source,
}
_AUTOMATICALLY_NAMED = {
    "aws:dynamodb/table:Table": ("name",),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:iam/role:Role": ("name",),
    "aws:iam/rolePolicy:RolePolicy": ("name",),
    "aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase": ("name",),
    "aws:bedrock/agentDataSource:AgentDataSource": ("name",),
}


def _policy_document(arguments: Properties) -> Properties:
    text = json.dumps({"Version": "2012-10-17", "Statement": arguments.get("statements", [])})
    return {"id": "0", "json": text, "minifiedJson": text, **arguments}
