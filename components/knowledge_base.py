"""A Bedrock knowledge base over Markdown in S3, with its vectors in S3 too."""

import json
from collections.abc import Sequence

import pulumi
from pulumi_aws import bedrock, iam, s3

from components.service import Text
from components.text import made_of

EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
_DIMENSIONS = 1024
_CHUNK_TOKENS = 512
_OVERLAP_PERCENT = 20
# Bedrock puts a passage's text and origin there, and filterable metadata ends at 2 KB.
_UNFILTERED = ["AMAZON_BEDROCK_METADATA", "AMAZON_BEDROCK_TEXT"]


class KnowledgeBase(pulumi.ComponentResource):
    """The knowledge base with bucket, vectors, role and data source; all go with the stack.

    `prefix` begins every name; the account's id ends those of buckets, which are the world's.
    """

    id: pulumi.Output[str]
    arn: pulumi.Output[str]
    data_source_id: pulumi.Output[str]
    source_bucket: pulumi.Output[str]
    vectors_bucket: pulumi.Output[str]
    index_arn: pulumi.Output[str]

    def __init__(
        self,
        prefix: str,
        *,
        region: str,
        account: Text,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:aws:KnowledgeBase", prefix, None, opts)
        self._prefix, self._region, self._account = prefix, region, account
        self._child = pulumi.ResourceOptions(parent=self)
        bucket = self._corpus()
        vectors, index = self._vectors()
        role, policies = self._role(bucket.arn, vectors.vector_bucket_arn)
        base = bedrock.AgentKnowledgeBase(
            f"{prefix}-kb",
            name=f"{prefix}-kb",
            role_arn=role.arn,
            knowledge_base_configuration={
                "type": "VECTOR",
                "vector_knowledge_base_configuration": {
                    "embedding_model_arn": self._model_arn,
                    "embedding_model_configuration": {
                        "bedrock_embedding_model_configuration": {
                            "dimensions": _DIMENSIONS,
                            "embedding_data_type": "FLOAT32",
                        }
                    },
                },
            },
            storage_configuration={
                "type": "S3_VECTORS",
                "s3_vectors_configuration": {"index_arn": index.index_arn},
            },
            tags={"Name": f"{prefix}-kb"},
            # Bedrock tries the role at once.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=policies, delete_before_replace=True
            ),
        )
        source = self._data_source(base.id, bucket.arn)
        self.id, self.arn = base.id, base.arn
        self.data_source_id = source.data_source_id
        self.source_bucket, self.vectors_bucket = bucket.bucket, vectors.vector_bucket_name
        self.index_arn = index.index_arn
        self.register_outputs({"id": self.id, "data_source_id": self.data_source_id})

    @property
    def _model_arn(self) -> str:
        return f"arn:aws:bedrock:{self._region}::foundation-model/{EMBEDDING_MODEL}"

    def _bucket_name(self, kind: str) -> Text:
        return made_of(
            {"account": self._account},
            lambda account: f"{self._prefix}-{kind}-{account}",
        )

    def _corpus(self) -> s3.Bucket:
        name = f"{self._prefix}-kb-source"
        # Force-destroy, because a bucket with versions in it cannot be deleted else.
        bucket = s3.Bucket(
            name,
            bucket=self._bucket_name("kb-source"),
            force_destroy=True,
            tags={"Name": name},
            opts=self._child,
        )
        s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._child,
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._child,
        )
        s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        return bucket

    def _vectors(self) -> tuple[s3.VectorsVectorBucket, s3.VectorsIndex]:
        bucket = s3.VectorsVectorBucket(
            f"{self._prefix}-kb-vectors",
            vector_bucket_name=self._bucket_name("kb-vectors"),
            force_destroy=True,
            opts=self._child,
        )
        index = s3.VectorsIndex(
            f"{self._prefix}-kb-index",
            vector_bucket_name=bucket.vector_bucket_name,
            index_name=f"{self._prefix}-kb-index",
            data_type="float32",
            dimension=_DIMENSIONS,
            distance_metric="cosine",
            metadata_configuration={"non_filterable_metadata_keys": _UNFILTERED},
            opts=self._child,
        )
        return bucket, index

    def _role(
        self, bucket_arn: pulumi.Output[str], vectors_arn: pulumi.Output[str]
    ) -> tuple[iam.Role, Sequence[iam.RolePolicy]]:
        name = f"{self._prefix}-bedrock-kb"
        role = iam.Role(
            name,
            name=name,
            assume_role_policy=made_of({"account": self._account}, self._trust),
            tags={"Name": name},
            opts=self._child,
        )
        grants: dict[str, tuple[list[str], pulumi.Input[str]]] = {
            "source": (["s3:GetObject", "s3:ListBucket"], bucket_arn),
            "vectors": (
                [
                    f"s3vectors:{action}"
                    for action in (
                        "CreateIndex",
                        "DeleteIndex",
                        "DeleteVectors",
                        "GetIndex",
                        "GetVectors",
                        "ListIndexes",
                        "PutVectors",
                        "QueryVectors",
                    )
                ],
                vectors_arn,
            ),
        }
        policies = [
            self._policy(role, kind, actions, pulumi.Output.from_input(arn).apply(_and_below))
            for kind, (actions, arn) in grants.items()
        ]
        model = pulumi.Output.from_input([self._model_arn])
        policies.append(self._policy(role, "embeddings", ["bedrock:InvokeModel"], model))
        return role, policies

    def _trust(self, account: str) -> str:
        return json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "bedrock.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": account},
                            "ArnLike": {
                                "aws:SourceArn": (
                                    f"arn:aws:bedrock:{self._region}:{account}:knowledge-base/*"
                                )
                            },
                        },
                    }
                ],
            }
        )

    def _policy(
        self, role: iam.Role, kind: str, actions: list[str], resources: pulumi.Output[list[str]]
    ) -> iam.RolePolicy:
        def document(known: list[str]) -> str:
            statement = {"Effect": "Allow", "Action": actions, "Resource": known}
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

        return iam.RolePolicy(
            f"{self._prefix}-bedrock-kb-{kind}",
            name=f"bedrock-kb-{kind}",
            role=role.name,
            policy=resources.apply(document),
            opts=self._child,
        )

    def _data_source(
        self, base: pulumi.Output[str], bucket_arn: pulumi.Output[str]
    ) -> bedrock.AgentDataSource:
        return bedrock.AgentDataSource(
            f"{self._prefix}-documentation",
            name="copilot-documentation",
            knowledge_base_id=base,
            data_source_configuration={
                "type": "S3",
                "s3_configuration": {"bucket_arn": bucket_arn},
            },
            # The vectors go with their bucket; deleting them one by one needs the role to outlive
            # the data source.
            data_deletion_policy="RETAIN",
            vector_ingestion_configuration={
                "chunking_configuration": {
                    "chunking_strategy": "FIXED_SIZE",
                    "fixed_size_chunking_configuration": {
                        "max_tokens": _CHUNK_TOKENS,
                        "overlap_percentage": _OVERLAP_PERCENT,
                    },
                }
            },
            opts=self._child,
        )


def _and_below(arn: str) -> list[str]:
    return [arn, f"{arn}/*"]
