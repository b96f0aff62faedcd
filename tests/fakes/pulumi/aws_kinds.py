"""The types of AWS resources that the fake of the AWS provider has, and what replaces each.

Which inputs need a new resource is from the schemas of Terraform's AWS provider 6 (`ForceNew` and
`RequiresReplace`), on which pulumi-aws 7 is built. Which replacement deletes first is from the
`Diff` of pulumi-terraform-bridge: of types on Terraform's older SDK, a resource whose name was
given and not made up; of those on its newer framework, none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """How AWS and its provider treat a type of resource.

    Texts have the inputs' names in braces, and `{region}`, `{account}`, `{now}`, and `{new_10}`
    and `{new_26}` for a new identifier of so many characters.
    """

    identifier: str
    immutable: frozenset[str] = frozenset()
    """Inputs whose change needs a new resource, beside the region; others change in place."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    named_by: str = ""
    """The input that has the name, if it may be left to the provider."""
    unique: str = ""
    """What no two resources may have in common; empty where creating again is an update."""
    within: str = ""
    """The input that addresses the resource, together with its own id."""
    older_sdk: bool = False


_VECTOR_BUCKET = "arn:aws:s3vectors:{region}:{account}:bucket/{vectorBucketName}"
_VECTOR_INDEX = f"{_VECTOR_BUCKET}/index/{{indexName}}"
_OF_BUCKET = Kind("{bucket}", frozenset({"bucket"}), older_sdk=True)

KINDS: Mapping[str, Kind] = {
    "aws:dsql/cluster:Cluster": Kind(
        "{new_26}",
        outputs={
            "identifier": "{new_26}",
            "arn": "arn:aws:dsql:{region}:{account}:cluster/{new_26}",
            "vpcEndpointServiceName": "com.amazonaws.{region}.dsql-fnh4",
        },
    ),
    "aws:dynamodb/table:Table": Kind(
        "{name}",
        frozenset({"hashKey", "name", "rangeKey"}),
        {"arn": "arn:aws:dynamodb:{region}:{account}:table/{name}"},
        named_by="name",
        unique="{name}",
        older_sdk=True,
    ),
    "aws:s3/bucket:Bucket": Kind(
        "{bucket}",
        frozenset({"bucket", "objectLockEnabled"}),
        {
            "arn": "arn:aws:s3:::{bucket}",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
        },
        named_by="bucket",
        unique="{bucket}",
        older_sdk=True,
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _OF_BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _OF_BUCKET
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _OF_BUCKET,
    "aws:s3/vectorsVectorBucket:VectorsVectorBucket": Kind(
        _VECTOR_BUCKET,
        frozenset({"encryptionConfigurations", "vectorBucketName"}),
        {"vectorBucketArn": _VECTOR_BUCKET},
        unique="{vectorBucketName}",
    ),
    "aws:s3/vectorsIndex:VectorsIndex": Kind(
        _VECTOR_INDEX,
        frozenset(
            {
                "dataType",
                "dimension",
                "distanceMetric",
                "encryptionConfigurations",
                "indexName",
                "metadataConfiguration",
                "vectorBucketName",
            }
        ),
        {"indexArn": _VECTOR_INDEX, "creationTime": "{now}"},
        unique="{vectorBucketName}/{indexName}",
    ),
    "aws:iam/role:Role": Kind(
        "{name}",
        frozenset({"name", "path"}),
        {"arn": "arn:aws:iam::{account}:role/{name}"},
        named_by="name",
        unique="{name}",
        older_sdk=True,
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        "{role}:{name}", frozenset({"name", "role"}), named_by="name", older_sdk=True
    ),
    "aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase": Kind(
        "{new_10}",
        frozenset({"knowledgeBaseConfiguration", "storageConfiguration"}),
        {"arn": "arn:aws:bedrock:{region}:{account}:knowledge-base/{new_10}"},
        named_by="name",
        unique="{name}",
    ),
    "aws:bedrock/agentDataSource:AgentDataSource": Kind(
        "{new_10},{knowledgeBaseId}",
        frozenset({"name", "vectorIngestionConfiguration"}),
        {"dataSourceId": "{new_10}"},
        named_by="name",
        unique="{knowledgeBaseId}/{name}",
        within="knowledgeBaseId",
    ),
}
