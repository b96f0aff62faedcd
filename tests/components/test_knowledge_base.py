"""The Bedrock knowledge base."""

import json
from typing import Any

import pytest

from components.knowledge_base import KnowledgeBase
from tests.components.pulumi_run import Answers, Run, run

ACCOUNT = "123456789012"
MODEL = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0"
ANSWERS = {
    "p-copilot-kb-source": {"arn": "arn:aws:s3:::source"},
    "p-copilot-kb-vectors": {"vectorBucketArn": "arn:aws:s3vectors:eu-west-1:1:bucket/vectors"},
    "p-copilot-kb-index": {"indexArn": "arn:index"},
    "p-copilot-bedrock-kb": {"arn": "arn:role"},
}


@pytest.fixture(scope="module")
def made() -> Run:
    return run(
        lambda: KnowledgeBase("p-copilot", region="eu-west-1", account=ACCOUNT),
        answers=Answers(ANSWERS),
    )


def test_bucket_names_are_the_accounts_own(made: Run) -> None:
    assert made.one("aws:s3/bucket:Bucket").inputs["bucket"] == f"p-copilot-kb-source-{ACCOUNT}"
    vectors = made.one("aws:s3/vectorsVectorBucket:VectorsVectorBucket").inputs
    assert vectors["vectorBucketName"] == f"p-copilot-kb-vectors-{ACCOUNT}"


def test_a_filled_bucket_can_be_destroyed(made: Run) -> None:
    assert made.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True
    vectors = made.one("aws:s3/vectorsVectorBucket:VectorsVectorBucket").inputs
    assert vectors["forceDestroy"] is True


def test_the_corpus_is_versioned_encrypted_and_private(made: Run) -> None:
    versioning = made.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    encryption = made.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ).inputs
    rule = encryption["rules"][0]["applyServerSideEncryptionByDefault"]
    assert rule == {"sseAlgorithm": "AES256"}
    access = made.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    del access["bucket"]
    assert access == dict.fromkeys(access, True)
    assert len(access) == 4


def test_vectors_fit_the_embedding_model(made: Run) -> None:
    index = made.one("aws:s3/vectorsIndex:VectorsIndex").inputs
    assert (index["dataType"], index["dimension"], index["distanceMetric"]) == (
        "float32",
        1024,
        "cosine",
    )
    assert index["metadataConfiguration"]["nonFilterableMetadataKeys"] == [
        "AMAZON_BEDROCK_METADATA",
        "AMAZON_BEDROCK_TEXT",
    ]
    base = made.one("aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase").inputs
    configuration = base["knowledgeBaseConfiguration"]["vectorKnowledgeBaseConfiguration"]
    assert configuration["embeddingModelArn"] == MODEL
    embedding = configuration["embeddingModelConfiguration"]["bedrockEmbeddingModelConfiguration"]
    assert embedding["dimensions"] == 1024
    assert base["storageConfiguration"] == {
        "type": "S3_VECTORS",
        "s3VectorsConfiguration": {"indexArn": "arn:index"},
    }


def test_only_this_accounts_knowledge_bases_may_take_the_role(made: Run) -> None:
    trust = json.loads(made.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:knowledge-base/*"},
    }


def test_the_role_may_do_no_more_than_it_needs(made: Run) -> None:
    policies = {
        policy.inputs["name"]: json.loads(policy.inputs["policy"])["Statement"][0]
        for policy in made.of("aws:iam/rolePolicy:RolePolicy").values()
    }
    assert policies["bedrock-kb-source"]["Action"] == ["s3:GetObject", "s3:ListBucket"]
    assert policies["bedrock-kb-source"]["Resource"] == [
        "arn:aws:s3:::source",
        "arn:aws:s3:::source/*",
    ]
    # Without it the second ingestion fails.
    assert "s3vectors:DeleteVectors" in policies["bedrock-kb-vectors"]["Action"]
    assert policies["bedrock-kb-embeddings"]["Resource"] == [MODEL]
    assert not [action for one in policies.values() for action in one["Action"] if "*" in action]


def test_the_knowledge_base_comes_after_its_rights(made: Run) -> None:
    base = made.one("aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase")
    policies = set(made.of("aws:iam/rolePolicy:RolePolicy"))
    assert policies < base.depends_on


def test_documents_are_cut_into_overlapping_pieces(made: Run) -> None:
    source: dict[str, Any] = made.one("aws:bedrock/agentDataSource:AgentDataSource").inputs
    assert source["dataSourceConfiguration"] == {
        "type": "S3",
        "s3Configuration": {"bucketArn": "arn:aws:s3:::source"},
    }
    chunking = source["vectorIngestionConfiguration"]["chunkingConfiguration"]
    assert chunking == {
        "chunkingStrategy": "FIXED_SIZE",
        "fixedSizeChunkingConfiguration": {"maxTokens": 512, "overlapPercentage": 20},
    }
