"""`tdeploy kb ingest` while a job runs."""

import signal
from collections.abc import Iterator

import pytest

from tdeploy.errors import NoError
from tdeploy.kb.ingestion import ingest
from tdeploy.kb.knowledge_base import KnowledgeBase
from tests.fakes import bedrock_ingestion
from tests.fakes.bedrock_ingestion import FakeIngestion
from tests.fakes.ministack import CREDENTIALS, REGION
from tests.tdeploy.command import ended
from tests.tdeploy.kb.aws_world import World


@pytest.fixture
def bedrock() -> Iterator[FakeIngestion]:
    with bedrock_ingestion.running() as bedrock:
        yield bedrock


@pytest.fixture
def slow(bedrock: FakeIngestion) -> World:
    return World(bedrock.url, "corpus", "KB00000000", "DS00000000")


def test_ctrl_c_stops_the_waiting_and_not_the_job(slow: World, bedrock: FakeIngestion) -> None:
    process = slow.start("ingest", *slow.base_options)
    bedrock.await_question(process)
    process.send_signal(signal.SIGINT)
    result = ended(process)
    assert result.exit_code == 2
    assert "JOB0000000" in result.error
    assert "`tdeploy kb jobs`" in result.error
    assert bedrock.states == {"JOB0000000": "IN_PROGRESS"}


def test_a_running_job_is_awaited_before_another_starts(
    slow: World, bedrock: FakeIngestion
) -> None:
    earlier = bedrock.start()
    assert earlier is not None
    process = slow.start("ingest", *slow.base_options)
    bedrock.await_question(process)
    bedrock.end(earlier, "COMPLETE")
    while len(bedrock.states) == 1:
        bedrock.await_question(process)
    bedrock.end("JOB0000001", "COMPLETE")
    result = ended(process)
    assert result.exit_code == 0, result.stderr
    assert earlier in result.stderr
    assert "job JOB0000001: COMPLETE" in result.stdout


def test_every_reason_of_a_failed_job_is_printed(slow: World, bedrock: FakeIngestion) -> None:
    process = slow.start("ingest", *slow.base_options)
    bedrock.await_question(process)
    bedrock.end("JOB0000000", "FAILED", "no such model", "no such role")
    result = ended(process)
    assert result.exit_code == 1
    for name in ("FAILED", "no such model", "no such role"):
        assert name in result.error


def test_the_waiting_has_a_time_limit(
    bedrock: FakeIngestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": bedrock.url}.items():
        monkeypatch.setenv(name, value)
    base = KnowledgeBase("KB00000000", "DS00000000", REGION)
    with pytest.raises(NoError, match="JOB0000000"):
        ingest(base, limit_seconds=0.1, progress=lambda _: None)
