"""A process is asked directly, and only a refused connection says that it is dead."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from copilot.signals import instances
from copilot.signals.instances import answers, ask, ask_unscraped
from copilot.signals.measurement import Instance
from copilot.signals.roles import Role
from tests.builders import snapshot
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


@asynccontextmanager
async def listening(handle: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[str]:
    """host:port of a process that does this with each connection."""
    server = await asyncio.start_server(lambda _, writer: handle(writer), "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def not_found(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.0 404 Not Found\r\n\r\n")
    writer.close()


def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_instances_whose_scrapes_fail_are_told_apart_by_asking_them() -> None:
    """One that runs, one that is dead, one that hangs, and one that is scraped and not asked."""
    connections: list[asyncio.StreamWriter] = []
    async with AsyncExitStack() as stack:
        runs = await stack.enter_async_context(listening(not_found))
        refuses = await stack.enter_async_context(listening(close))
        hangs = await stack.enter_async_context(listening(connections.append))
        dead, scraped = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        measured = snapshot().metrics.model_copy(
            update={
                "instances": {
                    Role.FRONTEND: (Instance(name=runs, up=False),),
                    Role.HISTORY: tuple(
                        Instance(name=name, up=name == scraped)
                        for name in (scraped, dead, hangs, refuses)
                    ),
                }
            }
        )
        asked = await ask_unscraped(measured, seconds=5)
        assert len(connections) == 1
        connections[0].close()
    found = {one.name: one.answers for group in asked.instances.values() for one in group}
    assert found == {runs: True, scraped: None, dead: False, hangs: None, refuses: True}
    assert asked.targets[Role.FRONTEND].is_missing
    assert asked.targets[Role.HISTORY].value == 1


async def test_a_large_cluster_is_asked_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "MOST", 2)
    group = tuple(Instance(name=f"127.0.0.1:{free_port()}", up=False) for _ in range(3))
    measured = snapshot().metrics.model_copy(update={"instances": {Role.HISTORY: group}})
    asked = await ask_unscraped(measured, seconds=60)
    assert [one.answers for one in asked.instances[Role.HISTORY]] == [False, False, None]
