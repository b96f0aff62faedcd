"""`tdeploy kb ingest` while a job takes its time."""

import signal
from collections.abc import Iterator

import pytest

from tdeploy.errors import NoError
from tdeploy.ingestion import ingest
from tdeploy.knowledge_base import KnowledgeBase
from tests.ministack import CREDENTIALS, REGION
from tests.tdeploy.kb import slow_bedrock
from tests.tdeploy.kb.aws_world import World, ended
from tests.tdeploy.kb.slow_bedrock import SlowBedrock


@pytest.fixture
def bedrock() -> Iterator[SlowBedrock]:
    with slow_bedrock.running() as bedrock:
        yield bedrock


@pytest.fixture
def slow(bedrock: SlowBedrock) -> World:
    return World(bedrock.url, "corpus", "KB00000000", "DS00000000")


def test_ctrl_c_ends_the_waiting_and_not_the_job(slow: World, bedrock: SlowBedrock) -> None:
    process = slow.start("ingest", *slow.base_options)
    bedrock.await_question()
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.code == 2
    assert "job JOB0000000 goes on: see `tdeploy kb jobs`" in said.err
    assert bedrock.states == {"JOB0000000": "IN_PROGRESS"}


def test_a_job_that_goes_on_is_awaited_and_another_follows(
    slow: World, bedrock: SlowBedrock
) -> None:
    earlier = bedrock.start()
    assert earlier is not None
    process = slow.start("ingest", *slow.base_options)
    bedrock.await_question()
    bedrock.end(earlier, "COMPLETE")
    while len(bedrock.states) == 1:
        bedrock.await_question()
    bedrock.end("JOB0000001", "COMPLETE")
    said = ended(process)
    assert said.code == 0, said.err
    assert f"waiting for an earlier job {earlier}: IN_PROGRESS" in said.err
    assert "job JOB0000001: COMPLETE" in said.out


def test_a_job_that_fails_says_every_reason(slow: World, bedrock: SlowBedrock) -> None:
    process = slow.start("ingest", *slow.base_options)
    bedrock.await_question()
    bedrock.end("JOB0000000", "FAILED", "no such model", "no such role")
    said = ended(process)
    assert said.code == 1
    assert "ended as FAILED: no such model; no such role" in said.err


def test_the_waiting_has_a_limit(bedrock: SlowBedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": bedrock.url}.items():
        monkeypatch.setenv(name, value)
    base = KnowledgeBase("KB00000000", "DS00000000", REGION)
    with pytest.raises(NoError, match="job JOB0000000 goes on, beyond the time limit"):
        ingest(base, limit_seconds=0.1, progress=lambda _: None)
