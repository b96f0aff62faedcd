"""A process is asked directly, and only a refused connection says that it is dead."""

import asyncio

import pytest

from copilot.signals import instances
from copilot.signals.instances import answers, ask
from tests.ports import free_port


async def test_who_listens_answers_and_who_does_not_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instances, "_CONNECT_SECONDS", 60)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    name = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    dead = f"127.0.0.1:{free_port()}"
    async with server:
        assert await ask([name, dead]) == {name: True, dead: False}
    assert await answers(name) is False


@pytest.mark.parametrize("name", ["", "pod", "pod:http", ":1", "no-such-host.invalid:9090"])
async def test_what_cannot_be_asked_is_not_known(name: str) -> None:
    assert await answers(name) is None
