"""The activity answers with passages, and says in the log why they are not the knowledge base's."""

import logging

import pytest
from temporalio.testing import ActivityEnvironment

from copilot.activities.models import RetrieveRequest
from copilot.activities.retrieve import Retrieve
from copilot.health.decision import GateName
from copilot.knowledge.bedrock import Bedrock
from copilot.knowledge.local import Local, ranked
from copilot.knowledge.retriever import Found, Query, Retriever

STARVED = Query(gates=(GateName.STARVED_QUEUE,))


async def retrieve(retriever: Retriever) -> Found:
    activity = Retrieve(retriever=retriever).retrieve
    request = RetrieveRequest(query=STARVED)
    return await ActivityEnvironment().run(activity, request)


async def test_passages_of_the_corpus_need_no_note(caplog: pytest.LogCaptureFixture) -> None:
    found = await retrieve(Local())
    assert found == Found(passages=ranked(STARVED))
    assert Found.model_validate_json(found.model_dump_json()) == found
    assert not caplog.records


async def test_a_knowledge_base_that_fails_is_a_warning_and_no_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    caplog.set_level(logging.WARNING)
    found = await retrieve(Bedrock("KNOWLEDGE1", "eu-west-1", fallback=Local()))
    assert found.passages == ranked(STARVED)
    assert found.note
    assert [found.note in record.getMessage() for record in caplog.records] == [True]
