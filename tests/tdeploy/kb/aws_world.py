"""A knowledge base with its bucket in MiniStack, and `tdeploy kb` asked about them as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from tests.ministack import CREDENTIALS, REGION

ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 60


@dataclass(frozen=True)
class World:
    """What the stack `copilot` makes of it, with names of its own."""

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

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """`tdeploy kb` with nobody at the terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "tdeploy", "kb", *arguments],
            cwd=ROOT,
            env=self._variables() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **variables: str) -> "Said":
        return ended(self.start(*arguments, **variables))

    def client(self, service: str) -> Any:  # noqa: ANN401
        return client(service, self.url)

    def put(self, key: str, content: bytes) -> None:
        """What somebody else put into the bucket."""
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)

    def objects(self) -> dict[str, str]:
        """The text of each object by its key."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        bodies = {o["Key"]: s3.get_object(Bucket=self.bucket, Key=o["Key"])["Body"] for o in listed}
        return {key: body.read().decode() for key, body in bodies.items()}

    def versions(self) -> dict[str, int]:
        """How often each key was put."""
        listed = self.client("s3").list_object_versions(Bucket=self.bucket).get("Versions", [])
        keys = [version["Key"] for version in listed]
        return {key: keys.count(key) for key in keys}

    def _variables(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {**own, **CREDENTIALS, "AWS_ENDPOINT_URL": self.url, **self.environment}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)


def ended(process: subprocess.Popen[str]) -> Said:
    out, err = process.communicate(timeout=LIMIT_SECONDS)
    assert "Traceback" not in err, err
    return Said(process.returncode, out, err)


# Any: the types of each service are a package that we do without.
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
