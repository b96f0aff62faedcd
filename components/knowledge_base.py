"""A Bedrock knowledge base over Markdown in S3, with its vectors in S3."""

import json
from collections.abc import Sequence

import pulumi
from pulumi_aws import bedrock, iam, s3

from components.embedding_model import EMBEDDING_MODEL

_DIMENSIONS = 1024
_CHUNK_TOKENS = 512
_OVERLAP_PERCENT = 20
# Bedrock stores a passage's text and origin under these keys; filterable metadata is limited to
# 2 KB.
_UNFILTERED = ["AMAZON_BEDROCK_METADATA", "AMAZON_BEDROCK_TEXT"]
# The actions that Bedrock's documentation requires; a second ingestion deletes vectors.
_VECTOR_ACTIONS = (
    "s3vectors:DeleteVectors",
    "s3vectors:GetIndex",
    "s3vectors:GetVectors",
    "s3vectors:PutVectors",
    "s3vectors:QueryVectors",
)


class KnowledgeBase(pulumi.ComponentResource):
    """The knowledge base with bucket, vectors, role and data source; a destroy removes them all.

    Every name begins with `prefix`. Names of buckets end with the account's number, because they
    are shared by all accounts.
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
        account: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:aws:KnowledgeBase", prefix, None, opts)
        self._prefix, self._region, self._account = prefix, region, account
        self._child = pulumi.ResourceOptions(parent=self)
        # AWS refuses a second resource of the same name while the first exists.
        self._fixed_name = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        bucket = self._corpus()
        vectors, index = self._vectors()
        role, policies = self._role(bucket.arn, index.index_arn)
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
            # Bedrock uses the role as soon as it creates the knowledge base.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=policies, delete_before_replace=True
            ),
        )
        source = self._data_source(base.id, bucket.arn, index)
        self.id, self.arn = base.id, base.arn
        self.data_source_id = source.data_source_id
        self.source_bucket, self.vectors_bucket = bucket.bucket, vectors.vector_bucket_name
        self.index_arn = index.index_arn
        self.register_outputs({"id": self.id, "data_source_id": self.data_source_id})

    @property
    def _model_arn(self) -> str:
        return f"arn:aws:bedrock:{self._region}::foundation-model/{EMBEDDING_MODEL}"

    def _bucket_name(self, kind: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self._prefix, "-", kind, "-", self._account)

    def _corpus(self) -> s3.Bucket:
        name = f"{self._prefix}-kb-source"
        # Without force_destroy a bucket that holds versions cannot be deleted.
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
            opts=self._fixed_name,
        )
        index = s3.VectorsIndex(
            f"{self._prefix}-kb-index",
            vector_bucket_name=bucket.vector_bucket_name,
            index_name=f"{self._prefix}-kb-index",
            data_type="float32",
            dimension=_DIMENSIONS,
            distance_metric="cosine",
            metadata_configuration={"non_filterable_metadata_keys": _UNFILTERED},
            opts=self._fixed_name,
        )
        return bucket, index

    def _role(
        self, bucket_arn: pulumi.Output[str], index_arn: pulumi.Output[str]
    ) -> tuple[iam.Role, Sequence[iam.RolePolicy]]:
        name = f"{self._prefix}-bedrock-kb"
        role = iam.Role(
            name,
            name=name,
            assume_role_policy=pulumi.Output.from_input(self._account).apply(self._trust),
            tags={"Name": name},
            opts=self._child,
        )
        objects = bucket_arn.apply(lambda arn: f"{arn}/*")
        policies = [
            self._policy(
                role,
                "source",
                (["s3:ListBucket"], bucket_arn),
                (["s3:GetObject"], objects),
            ),
            self._policy(role, "vectors", (_VECTOR_ACTIONS, index_arn)),
            self._policy(role, "embeddings", (["bedrock:InvokeModel"], self._model_arn)),
        ]
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
        self, role: iam.Role, kind: str, *grants: tuple[Sequence[str], pulumi.Input[str]]
    ) -> iam.RolePolicy:
        """Allow each group of actions on one resource."""

        def document(resources: Sequence[str]) -> str:
            statements = [
                {"Effect": "Allow", "Action": list(actions), "Resource": resource}
                for (actions, _), resource in zip(grants, resources, strict=True)
            ]
            return json.dumps({"Version": "2012-10-17", "Statement": statements})

        resources: pulumi.Output[Sequence[str]] = pulumi.Output.all(*(arn for _, arn in grants))
        return iam.RolePolicy(
            f"{self._prefix}-bedrock-kb-{kind}",
            name=f"bedrock-kb-{kind}",
            role=role.name,
            policy=resources.apply(document),
            opts=self._child,
        )

    def _data_source(
        self,
        base: pulumi.Output[str],
        bucket_arn: pulumi.Output[str],
        index: s3.VectorsIndex,
    ) -> bedrock.AgentDataSource:
        return bedrock.AgentDataSource(
            f"{self._prefix}-documentation",
            name="copilot-documentation",
            knowledge_base_id=base,
            data_source_configuration={
                "type": "S3",
                "s3_configuration": {"bucket_arn": bucket_arn},
            },
            # The bucket is deleted with its vectors; deleting them one by one would need the role
            # to outlive the data source.
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
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                # The provider would only update it, in a knowledge base that is gone.
                replace_on_changes=["knowledgeBaseId"],
                # A data source ingests changed documents only, and a new index has none of the
                # others.
                replacement_trigger=index.creation_time,
            ),
        )
