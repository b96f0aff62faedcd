"""A knowledge base over HTTP: if it fails, the passages are local and a note says why."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from copilot.health.decision import RuleName
from copilot.knowledge import bedrock
from copilot.knowledge.bedrock import BedrockRetriever
from copilot.knowledge.corpus import FOLDER
from copilot.knowledge.local import LocalRetriever, rank
from copilot.knowledge.passage import MAX_CHARACTERS, MAX_PASSAGES, Retrieved, Source
from copilot.knowledge.query import Query
from copilot.knowledge.retriever import create_retriever
from copilot.settings import Settings
from tests.fakes import http_server
from tests.fakes.http_server import Request, Response
from tests.fakes.ministack import CREDENTIALS, REGION, running

STARVED = Query(rules=(RuleName.STARVED_QUEUE,))
ID = "KNOWLEDGE1"
BUCKET = "corpus"
UNREACHABLE = "http://127.0.0.1:9"  # the discard port: refused at once


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture(autouse=True)
def _credentials_and_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The fake's, and none of this machine."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # A busy machine is slow, not wrong.
    for limit in ("CONNECT_SECONDS", "READ_SECONDS", "LIMIT_SECONDS"):
        monkeypatch.setattr(bedrock, limit, 120)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def at(monkeypatch: pytest.MonkeyPatch, url: str, name: str = ID) -> BedrockRetriever:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", url)
    return BedrockRetriever(name, REGION, fallback=LocalRetriever())


def client(service: str, url: str) -> Any:  # noqa: ANN401
    session: Any = boto3.Session(region_name=REGION)
    return session.client(service, endpoint_url=url)


@contextmanager
def knowledge_base(url: str, documents: dict[str, str]) -> Iterator[str]:
    """The id of a new knowledge base that has ingested `documents`, by key; deleted afterwards."""
    s3, agent = client("s3", url), client("bedrock-agent", url)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, text in documents.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
    model = f"arn:aws:bedrock:{REGION}::foundation-model/amazon.titan-embed-text-v2:0"
    base = agent.create_knowledge_base(
        name="copilot",
        roleArn="arn:aws:iam::000000000000:role/copilot",
        knowledgeBaseConfiguration={
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model},
        },
    )["knowledgeBase"]["knowledgeBaseId"]
    source = agent.create_data_source(
        knowledgeBaseId=base,
        name="corpus",
        dataSourceConfiguration={
            "type": "S3",
            "s3Configuration": {"bucketArn": f"arn:aws:s3:::{BUCKET}"},
        },
    )["dataSource"]["dataSourceId"]
    agent.start_ingestion_job(knowledgeBaseId=base, dataSourceId=source)
    yield base
    agent.delete_knowledge_base(knowledgeBaseId=base)
    for key in documents:
        s3.delete_object(Bucket=BUCKET, Key=key)
    s3.delete_bucket(Bucket=BUCKET)


def is_local(found: Retrieved) -> bool:
    return bool(found.passages) and found.passages == rank(STARVED)


async def test_a_filled_knowledge_base_answers_with_its_own_documents(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = {f"kb/{path.name}": path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    with knowledge_base(aws, documents) as name:
        found = await at(monkeypatch, aws, name).passages(STARVED)
    assert found.note == ""
    assert len(found.passages) == MAX_PASSAGES
    first = found.passages[0]
    assert first.document == "starved-queue"
    assert first.uri == f"s3://{BUCKET}/kb/starved-queue.md"
    assert first.heading == "What it means"
    assert first.source is Source.BEDROCK
    assert all(0 < len(passage.text) <= MAX_CHARACTERS for passage in found.passages)


async def test_an_empty_knowledge_base_has_to_be_filled(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with knowledge_base(aws, {}) as name:
        found = await at(monkeypatch, aws, name).passages(STARVED)
    assert is_local(found)
    assert f"{name} in {REGION} " in found.note
    assert "`tdeploy kb sync`" in found.note


async def test_a_deleted_knowledge_base_has_to_be_recreated(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with knowledge_base(aws, {"x.md": "# Pollers"}) as name:
        pass
    found = await at(monkeypatch, aws, name).passages(STARVED)
    assert is_local(found)
    assert "(ResourceNotFoundException): " in found.note
    assert "COPILOT_KNOWLEDGE_BASE_ID" in found.note


async def test_invisible_and_endless_text_of_a_document_is_removed(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# Pollers\n\n## Task\x1b[2J queue\u202e\n\n" + "pollers and workers \x00" * 150_000
    with knowledge_base(aws, {"a folder/Pollers and workers.md": text}) as name:
        (passage,) = (await at(monkeypatch, aws, name).passages(STARVED)).passages
    assert passage.document == "Pollers and workers"
    assert passage.heading == "Task[2J queue"
    assert len(passage.text) <= MAX_CHARACTERS
    assert not set(passage.text) & {"\x00", "\x1b", "\u202e"}


class Answers:
    """A fake for Bedrock, whose one answer a test sets and may hold back until `release`."""

    def __init__(self) -> None:
        self.status, self.code = 200, ""
        self.body: str | bytes = "{}"
        self.release = threading.Event()
        self.requests = 0

    def refuse(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        message = "User: arn:aws:iam::123456789012:user/ada is not authorized"
        self.body = json.dumps({"message": message})

    def respond(self, _request: Request) -> Response:
        self.requests += 1
        self.release.wait(120)
        headers = {"x-amzn-ErrorType": self.code} if self.code else {}
        return Response(self.body, self.status, headers)


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    with http_server.serving(answers.respond) as url:
        try:
            yield url
        finally:
            answers.release.set()


@pytest.mark.parametrize(
    ("status", "code", "note"),
    [
        (403, "AccessDeniedException", "bedrock:Retrieve"),
        (403, "ExpiredTokenException", "aws sso login"),
        (403, "UnrecognizedClientException", "aws sso login"),
        (429, "ThrottlingException", "(ThrottlingException)"),
        (400, "ValidationException", "COPILOT_KNOWLEDGE_BASE_ID"),
        (500, "InternalServerException", "(InternalServerException)"),
        (503, "<b>\u00a0x", "failed ("),
    ],
)
async def test_the_note_of_a_refusal_says_what_to_do(
    status: int, code: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers()
    answers.refuse(status, code)
    answers.release.set()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert is_local(found)
    assert f"the knowledge base {ID} in {REGION} " in found.note
    assert note in found.note
    # One line, without the account that AWS names. Temporal retries, not the client.
    assert "\n" not in found.note
    assert not re.search(r"\d{12}|[<>]", found.note)
    assert answers.requests == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>proxy</html>",
        b"\xff\xfe",
        b"[]",
        b'{"retrievalResults": "pollers"}',
        b'{"retrievalResults": [null]}',
        b'{"retrievalResults": [{"content": "pollers"}]}',
        b'{"retrievalResults": [{"content": {"text": 5}}, {"content": {"text": " \\u0000 "}}]}',
        b'{"retrievalResults": [{"content": {"text": "x"}, "score": "high"}]}',
    ],
)
async def test_an_answer_of_another_shape_gives_no_passage(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers()
    answers.body = body
    answers.release.set()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert is_local(found)
    assert found.note


async def test_surplus_results_are_cut_and_only_s3_places_are_cited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = {
        "content": {"text": "pollers"},
        "location": {"type": "WEB", "s3Location": {"uri": "javascript:alert(1)"}},
        "score": float("nan"),
    }
    answers = Answers()
    answers.body = json.dumps({"retrievalResults": [result] * 50})
    answers.release.set()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert found.note == ""
    assert [(passage.uri, passage.score) for passage in found.passages] == [("", 0)] * MAX_PASSAGES


async def test_a_slow_knowledge_base_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bedrock, "READ_SECONDS", 0.2)
    with serving(Answers()) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert is_local(found)
    assert "(ReadTimeoutError)" in found.note


async def test_a_hanging_search_for_credentials_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bedrock, "LIMIT_SECONDS", 0.2)
    answers = Answers()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
        answers.release.set()
    assert is_local(found)
    assert "(TimeoutError)" in found.note


async def test_an_endpoint_that_refuses_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await at(monkeypatch, UNREACHABLE).passages(STARVED)
    assert is_local(found)
    assert "(EndpointConnectionError)" in found.note


async def test_no_credentials_and_no_such_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    found = await at(monkeypatch, UNREACHABLE).passages(STARVED)
    assert is_local(found)
    assert "(NoCredentialsError): sign in" in found.note
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    found = await at(monkeypatch, UNREACHABLE).passages(STARVED)
    assert is_local(found)
    assert "(ProfileNotFound)" in found.note
    assert "AWS_PROFILE" in found.note


async def test_an_invalid_id(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await at(monkeypatch, UNREACHABLE, "short").passages(STARVED)
    assert is_local(found)
    assert "short in eu-west-1 " in found.note
    assert "(ParamValidationError)" in found.note


async def test_an_empty_query_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await at(monkeypatch, UNREACHABLE).passages(Query()) == Retrieved()


def test_the_settings_choose_the_source() -> None:
    without = Settings.model_construct(knowledge_base_id="", aws_region="")
    assert isinstance(create_retriever(without), LocalRetriever)
    assert isinstance(
        create_retriever(
            without.model_copy(update={"knowledge_base_id": ID, "aws_region": REGION})
        ),
        BedrockRetriever,
    )
