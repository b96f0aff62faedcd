"""The Bedrock knowledge base."""

import json
from typing import Any

import pytest

from components.knowledge_base import KnowledgeBase
from tests.components.pulumi_run import FakeProviders, Run, run

ACCOUNT = "123456789012"
MODEL = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0"
OUTPUTS = {
    "p-copilot-kb-source": {"arn": "arn:aws:s3:::source"},
    "p-copilot-kb-vectors": {"vectorBucketArn": "arn:aws:s3vectors:eu-west-1:1:bucket/vectors"},
    "p-copilot-kb-index": {"indexArn": "arn:index"},
    "p-copilot-bedrock-kb": {"arn": "arn:role"},
}


@pytest.fixture(scope="module")
def deployed() -> Run:
    return run(
        lambda: KnowledgeBase("p-copilot", region="eu-west-1", account=ACCOUNT),
        providers=FakeProviders(OUTPUTS),
    )


def test_bucket_names_are_the_accounts_own(deployed: Run) -> None:
    assert deployed.one("aws:s3/bucket:Bucket").inputs["bucket"] == f"p-copilot-kb-source-{ACCOUNT}"
    vectors = deployed.one("aws:s3/vectorsVectorBucket:VectorsVectorBucket").inputs
    assert vectors["vectorBucketName"] == f"p-copilot-kb-vectors-{ACCOUNT}"


def test_a_filled_bucket_can_be_destroyed(deployed: Run) -> None:
    assert deployed.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True
    vectors = deployed.one("aws:s3/vectorsVectorBucket:VectorsVectorBucket").inputs
    assert vectors["forceDestroy"] is True


def test_the_corpus_is_versioned_encrypted_and_private(deployed: Run) -> None:
    versioning = deployed.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    encryption = deployed.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ).inputs
    rule = encryption["rules"][0]["applyServerSideEncryptionByDefault"]
    assert rule == {"sseAlgorithm": "AES256"}
    access = deployed.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    del access["bucket"]
    assert access == dict.fromkeys(access, True)
    assert len(access) == 4


def test_vectors_fit_the_embedding_model(deployed: Run) -> None:
    index = deployed.one("aws:s3/vectorsIndex:VectorsIndex").inputs
    assert (index["dataType"], index["dimension"], index["distanceMetric"]) == (
        "float32",
        1024,
        "cosine",
    )
    assert index["metadataConfiguration"]["nonFilterableMetadataKeys"] == [
        "AMAZON_BEDROCK_METADATA",
        "AMAZON_BEDROCK_TEXT",
    ]
    base = deployed.one("aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase").inputs
    configuration = base["knowledgeBaseConfiguration"]["vectorKnowledgeBaseConfiguration"]
    assert configuration["embeddingModelArn"] == MODEL
    embedding = configuration["embeddingModelConfiguration"]["bedrockEmbeddingModelConfiguration"]
    assert embedding["dimensions"] == 1024
    assert base["storageConfiguration"] == {
        "type": "S3_VECTORS",
        "s3VectorsConfiguration": {"indexArn": "arn:index"},
    }


def test_only_this_accounts_knowledge_bases_may_take_the_role(deployed: Run) -> None:
    trust = json.loads(deployed.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:knowledge-base/*"},
    }


def test_the_role_may_do_no_more_than_it_needs(deployed: Run) -> None:
    granted = {
        (action, statement["Resource"])
        for policy in deployed.of("aws:iam/rolePolicy:RolePolicy").values()
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        for action in statement["Action"]
    }
    vectors = {"DeleteVectors", "GetIndex", "GetVectors", "PutVectors", "QueryVectors"}
    assert granted == {
        ("s3:ListBucket", "arn:aws:s3:::source"),
        ("s3:GetObject", "arn:aws:s3:::source/*"),
        ("bedrock:InvokeModel", MODEL),
        *((f"s3vectors:{action}", "arn:index") for action in vectors),
    }


def test_what_has_a_fixed_name_is_deleted_before_it_is_replaced(deployed: Run) -> None:
    for kind in (
        "aws:s3/vectorsVectorBucket:VectorsVectorBucket",
        "aws:s3/vectorsIndex:VectorsIndex",
        "aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase",
        "aws:bedrock/agentDataSource:AgentDataSource",
    ):
        assert deployed.one(kind).request.deleteBeforeReplace, kind
    source = deployed.one("aws:bedrock/agentDataSource:AgentDataSource")
    assert "knowledgeBaseId" in source.request.replaceOnChanges


def test_the_knowledge_base_comes_after_its_rights(deployed: Run) -> None:
    base = deployed.one("aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase")
    policies = set(deployed.of("aws:iam/rolePolicy:RolePolicy"))
    assert policies < base.depends_on


def test_documents_are_cut_into_overlapping_pieces(deployed: Run) -> None:
    source: dict[str, Any] = deployed.one("aws:bedrock/agentDataSource:AgentDataSource").inputs
    assert source["dataSourceConfiguration"] == {
        "type": "S3",
        "s3Configuration": {"bucketArn": "arn:aws:s3:::source"},
    }
    chunking = source["vectorIngestionConfiguration"]["chunkingConfiguration"]
    assert chunking == {
        "chunkingStrategy": "FIXED_SIZE",
        "fixedSizeChunkingConfiguration": {"maxTokens": 512, "overlapPercentage": 20},
    }
