"""The look between two cycles: it ends when its time is up, or when what it sees turns."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from copilot.access.temporal import MonitoredTemporal
from copilot.activities import probe as looks
from copilot.activities.probe import Prober
from copilot.canary.models import ProbeRequest, ProbeResult
from copilot.settings import Settings
from copilot.signals.queue import QueueFacts
from tests.builders import starved_queue
from tests.copilot.worker.process import REFUSING_ADDRESS
from tests.copilot.workflows.loop import time_skipping
from tests.fakes.http_source import silent_port

# A busy machine is slow, not wrong.
SECONDS = 60
SHORT_SECONDS = 0.5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "CONFIRM_SECONDS", 0.05)
    monkeypatch.setattr(looks, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(looks, "CALL_SECONDS", SECONDS)


@pytest.fixture
async def frontend() -> AsyncIterator[str]:
    async with await time_skipping() as server:
        yield server.client.service_client.config.target_host


@pytest.fixture
async def process() -> AsyncIterator[asyncio.Server]:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1") as server:
        yield server


def name_of(process: asyncio.Server) -> str:
    return f"127.0.0.1:{process.sockets[0].getsockname()[1]}"


def look_of(
    address: str, request: ProbeRequest
) -> tuple[ActivityEnvironment, asyncio.Task[ProbeResult]]:
    url = SecretStr(f"postgresql://copilot:copilot@{REFUSING_ADDRESS}/copilot")
    settings = Settings.model_construct(database_url=url)
    prober = Prober(settings=settings, monitored=MonitoredTemporal(address), canary=None)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, scheduled_time=datetime.now(UTC))
    return environment, asyncio.create_task(environment.run(prober.probe, request))


async def look(address: str, seconds: float, **fields: object) -> ProbeResult:
    fields = {"cluster": "monitored", "chain": "1", "seconds": seconds} | fields
    return await look_of(address, ProbeRequest.model_validate(fields))[1]


async def test_a_cluster_that_answers_has_no_troubles(
    frontend: str, process: asyncio.Server
) -> None:
    name = name_of(process)
    # All of its time passes: enough to connect on a busy machine.
    seen = await look(frontend, 5, instances=(name, "not:asked"))
    assert not seen.turned
    assert not seen.troubles
    assert seen.reached == (name,)
    assert seen.probe.canary is None


async def test_a_frontend_that_is_gone_ends_the_look_and_stays_known() -> None:
    seen = await look(REFUSING_ADDRESS, SECONDS)
    assert seen.turned
    assert seen.probe.frontend
    again = await look(REFUSING_ADDRESS, SHORT_SECONDS, known=seen.troubles)
    assert not again.turned
    assert again.troubles == seen.troubles


async def test_a_frontend_that_hangs_is_a_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "CALL_SECONDS", 0.2)
    async with silent_port() as port:
        assert (await look(f"127.0.0.1:{port}", SECONDS)).probe.frontend


async def test_a_frontend_that_is_back_ends_the_look(frontend: str) -> None:
    seen = await look(frontend, SECONDS, known=("frontend",))
    assert seen.turned
    assert not seen.troubles


async def test_a_process_is_dead_when_it_answered_before_and_refuses_now(frontend: str) -> None:
    assert not (await look(frontend, SHORT_SECONDS, instances=(REFUSING_ADDRESS,))).turned
    seen = await look(frontend, SECONDS, instances=(REFUSING_ADDRESS,), reached=(REFUSING_ADDRESS,))
    assert seen.turned
    assert seen.probe.dead == (REFUSING_ADDRESS,)


async def test_a_queue_whose_workers_stop_to_poll_is_a_trouble_until_they_poll(
    frontend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = starved_queue(dispatch_rate=2.0, pollers=1, backlog_age_seconds=12.0)
    polled = datetime.now(UTC) - timedelta(seconds=13)

    async def described(*_: object) -> QueueFacts:
        return facts.model_copy(update={"last_poll": polled})

    monkeypatch.setattr(looks, "describe_queue", described)
    seen = await look(frontend, SECONDS, queues=(facts.key,))
    assert seen.turned
    known: dict[str, object] = {"queues": (facts.key,), "known": seen.troubles}
    assert not (await look(frontend, SHORT_SECONDS, **known)).turned
    polled = datetime.now(UTC)
    again = await look(frontend, SECONDS, **known)
    assert again.turned
    assert not again.troubles


async def test_a_worker_that_stops_leaves_the_look_to_the_next(frontend: str) -> None:
    request = ProbeRequest(cluster="monitored", chain="1", seconds=SECONDS)
    environment, looking = look_of(frontend, request)
    await asyncio.sleep(0)
    environment.worker_shutdown()
    with pytest.raises(ApplicationError):
        await looking
