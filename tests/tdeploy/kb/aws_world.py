"""A knowledge base with its bucket in MiniStack, and `tdeploy kb` with its options."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from tests.fakes.ministack import CREDENTIALS, REGION
from tests.tdeploy.command import Completed, run_here

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class World:
    """A knowledge base, its data source and its bucket, as the stack `copilot` creates them."""

    url: str
    bucket: str
    knowledge_base_id: str
    data_source_id: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def bucket_options(self) -> tuple[str, ...]:
        return ("--bucket", self.bucket, "--region", REGION)

    @property
    def base_options(self) -> tuple[str, ...]:
        ids = ("--kb-id", self.knowledge_base_id, "--ds-id", self.data_source_id)
        return (*ids, "--region", REGION)

    @property
    def options(self) -> tuple[str, ...]:
        return ("--bucket", self.bucket, *self.base_options)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`tdeploy kb` as a process, without a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "tdeploy", "kb", *arguments],
            cwd=ROOT,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> Completed:
        """`tdeploy kb` in this process."""
        return run_here("kb", *arguments, environment=self._variables() | variables)

    def client(self, service: str) -> Any:  # noqa: ANN401
        return client(service, self.url)

    def put(self, key: str, content: bytes) -> None:
        """Put an object into the bucket."""
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)

    def objects(self) -> dict[str, str]:
        """The text of each object by its key."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        bodies = {o["Key"]: s3.get_object(Bucket=self.bucket, Key=o["Key"])["Body"] for o in listed}
        return {key: body.read().decode() for key, body in bodies.items()}

    def versions(self) -> dict[str, int]:
        """The number of versions of each key."""
        listed = self.client("s3").list_object_versions(Bucket=self.bucket).get("Versions", [])
        keys = [version["Key"] for version in listed]
        return {key: keys.count(key) for key in keys}

    def _variables(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {**own, **CREDENTIALS, "AWS_ENDPOINT_URL": self.url, **self.environment}


# Any: the types of each service are a package that we do not depend on.
def client(service: str, url: str) -> Any:  # noqa: ANN401
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )


def make_world(url: str) -> World:
    """A new, empty and versioned bucket with a knowledge base that reads it."""
    bucket = f"corpus-{uuid4().hex}"
    s3, bedrock = client("s3", url), client("bedrock-agent", url)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    model = f"arn:aws:bedrock:{REGION}::foundation-model/amazon.titan-embed-text-v2:0"
    base = bedrock.create_knowledge_base(
        name="copilot-kb",
        roleArn="arn:aws:iam::000000000000:role/copilot-bedrock-kb",
        knowledgeBaseConfiguration={
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model},
        },
    )["knowledgeBase"]["knowledgeBaseId"]
    source = bedrock.create_data_source(
        knowledgeBaseId=base,
        name="copilot-documentation",
        dataSourceConfiguration={
            "type": "S3",
            "s3Configuration": {"bucketArn": f"arn:aws:s3:::{bucket}"},
        },
    )["dataSource"]["dataSourceId"]
    return World(url, bucket, base, source)
