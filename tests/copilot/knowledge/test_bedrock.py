"""A knowledge base is asked over HTTP; whatever is wrong with it, there are passages and a note."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from copilot.health.decision import GateName
from copilot.knowledge import bedrock
from copilot.knowledge.bedrock import Bedrock
from copilot.knowledge.corpus import FOLDER
from copilot.knowledge.local import Local, ranked
from copilot.knowledge.passage import MAX_CHARACTERS, Source
from copilot.knowledge.retriever import MAX_PASSAGES, Found, Query
from copilot.knowledge.source import knowledge
from copilot.settings import Settings
from tests.ministack import CREDENTIALS, REGION, running

STARVED = Query(gates=(GateName.STARVED_QUEUE,))
ID = "KNOWLEDGE1"
BUCKET = "corpus"
NOBODY = "http://127.0.0.1:9"  # the discard port: refused at once


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the stand-in, and none of this machine."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def at(monkeypatch: pytest.MonkeyPatch, url: str, name: str = ID) -> Bedrock:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", url)
    return Bedrock(name, REGION, fallback=Local())


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


def is_local(found: Found) -> bool:
    return bool(found.passages) and found.passages == ranked(STARVED)


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


async def test_an_empty_knowledge_base_is_told_to_be_filled(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with knowledge_base(aws, {}) as name:
        found = await at(monkeypatch, aws, name).passages(STARVED)
    assert is_local(found)
    assert f"{name} in {REGION} has no passage on this: fill it with `tdeploy kb sync`" in (
        found.note
    )


async def test_a_deleted_knowledge_base_is_told_to_be_made_again(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with knowledge_base(aws, {"x.md": "# Pollers"}) as name:
        pass
    found = await at(monkeypatch, aws, name).passages(STARVED)
    assert is_local(found)
    assert "does not exist (ResourceNotFoundException): correct COPILOT_KNOWLEDGE_BASE_ID" in (
        found.note
    )


async def test_hidden_and_endless_text_of_a_document_does_not_come_through(
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
    """A stand-in for Bedrock that answers as it is told."""

    def __init__(self) -> None:
        self.status, self.code, self.body = 200, "", b"{}"
        self.release = threading.Event()
        self.asked = 0

    def refuse(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        message = "User: arn:aws:iam::123456789012:user/ada is not authorized"
        self.body = json.dumps({"message": message}).encode()


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answers.asked += 1
            self.rfile.read(int(self.headers["Content-Length"]))
            answers.release.wait(10)
            self.send_response(answers.status)
            self.send_header("Content-Length", str(len(answers.body)))
            if answers.code:
                self.send_header("x-amzn-ErrorType", answers.code)
            self.end_headers()
            self.wfile.write(answers.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        answers.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "code", "note"),
    [
        (403, "AccessDeniedException", "may not be asked (AccessDeniedException): grant bedrock:"),
        (403, "ExpiredTokenException", "expired (ExpiredTokenException): sign in to AWS"),
        (403, "UnrecognizedClientException", "refuses the credentials"),
        (429, "ThrottlingException", "takes no more queries for now"),
        (400, "ValidationException", "refuses the query"),
        (500, "InternalServerException", "failed (InternalServerException): the next"),
        (503, "<b>\u00a0x", "failed ("),
    ],
)
async def test_a_refusal_is_told_with_what_to_do(
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
    # One line, without the account that AWS names; and the retry is left to Temporal.
    assert "\n" not in found.note
    assert not re.search(r"\d{12}|[<>]", found.note)
    assert answers.asked == 1


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
async def test_nonsense_is_not_taken_for_knowledge(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers()
    answers.body = body
    answers.release.set()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert is_local(found)
    assert "answered nonsense" in found.note or "has no passage" in found.note


async def test_more_than_was_asked_for_is_cut_and_strange_places_are_no_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = {
        "content": {"text": "pollers"},
        "location": {"type": "WEB", "s3Location": {"uri": "javascript:alert(1)"}},
        "score": float("nan"),
    }
    answers = Answers()
    answers.body = json.dumps({"retrievalResults": [result] * 50}).encode()
    answers.release.set()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert found.note == ""
    assert [(passage.uri, passage.score) for passage in found.passages] == [("", 0)] * MAX_PASSAGES


async def test_a_knowledge_base_that_is_slow_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bedrock, "READ_SECONDS", 0.2)
    with serving(Answers()) as url:
        found = await at(monkeypatch, url).passages(STARVED)
    assert is_local(found)
    assert "does not answer (ReadTimeoutError): look at the network" in found.note


async def test_credentials_that_hang_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bedrock, "LIMIT_SECONDS", 0.2)
    answers = Answers()
    with serving(answers) as url:
        found = await at(monkeypatch, url).passages(STARVED)
        answers.release.set()
    assert is_local(found)
    assert "does not answer (TimeoutError)" in found.note


async def test_an_endpoint_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await at(monkeypatch, NOBODY).passages(STARVED)
    assert is_local(found)
    assert "does not answer (EndpointConnectionError): look at the network" in found.note


async def test_no_credentials_and_no_such_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    found = await at(monkeypatch, NOBODY).passages(STARVED)
    assert is_local(found)
    assert "cannot be asked (NoCredentialsError): sign in to AWS" in found.note
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    found = await at(monkeypatch, NOBODY).passages(STARVED)
    assert is_local(found)
    assert "cannot be asked (ProfileNotFound)" in found.note
    assert "correct AWS_PROFILE" in found.note


async def test_an_id_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await at(monkeypatch, NOBODY, "short").passages(STARVED)
    assert is_local(found)
    assert "short in eu-west-1 has an id that cannot be" in found.note


async def test_an_empty_question_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await at(monkeypatch, NOBODY).passages(Query()) == Found()


def test_the_settings_choose_the_source() -> None:
    without = Settings.model_construct(knowledge_base_id="", aws_region="")
    assert isinstance(knowledge(without), Local)
    assert isinstance(
        knowledge(without.model_copy(update={"knowledge_base_id": ID, "aws_region": REGION})),
        Bedrock,
    )
