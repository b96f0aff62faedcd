"""Fakes for a metrics store or a Loki that misbehaves: real HTTP, chosen answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.ports import free_port

REQUEST_SECONDS = 60
NEVER = 3600.0
"""`after_seconds` of an answer for which no client waits."""


@dataclass(frozen=True)
class Reply:
    body: str
    status: int = 200
    after_seconds: float = 0


@dataclass
class FakeSource:
    """Answers each query with `reply`, and records the forms of the requests."""

    reply: Callable[[str], Reply]
    route: str = "POST /base/api/v1/query"
    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    @property
    def queries(self) -> list[str]:
        return [form["query"] for form in self.forms]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                reply = await self._answer(reader)
            if reply.after_seconds and await _disconnects(reader, reply.after_seconds):
                return
            body = reply.body.encode()
            head = f"HTTP/1.1 {reply.status} X\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Location: /elsewhere\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client disconnected, as after a time-out
        finally:
            self._at_once -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.splitlines()
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in rest)
        }
        method, target, _ = first.split(" ")
        url = urlsplit(target)
        assert f"{method} {url.path}" == self.route, head
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        self.forms.append({name: values[0] for name, values in parse_qs(body or url.query).items()})
        return self.reply(self.forms[-1]["query"])


async def _disconnects(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the client disconnects within `seconds`, as it does after a time-out."""
    try:
        async with asyncio.timeout(seconds):
            await reader.read()
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def fake_metrics_store(reply: Callable[[str], Reply]) -> AsyncIterator[FakeSource]:
    """A server on a free port; its `url` is a base URL with a path, as Mimir's is."""
    async with _serving(FakeSource(reply)) as fake:
        yield fake


@asynccontextmanager
async def loki_answering(reply: Callable[[str], Reply]) -> AsyncIterator[FakeSource]:
    """A fake Loki on a free port."""
    async with _serving(FakeSource(reply, "GET /base/loki/api/v1/query")) as fake:
        yield fake


@asynccontextmanager
async def _serving(fake: FakeSource) -> AsyncIterator[FakeSource]:
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    try:
        yield fake
    finally:
        server.close()


def vector(*values: str, **labels: str) -> str:
    """A successful answer with one series a value."""
    series = ", ".join(
        '{"metric": {' + ", ".join(f'"{k}": "{v}"' for k, v in labels.items()) + "}, "
        f'"value": [1790000000.123, "{value}"]}}'
        for value in values
    )
    return f'{{"status": "success", "data": {{"resultType": "vector", "result": [{series}]}}}}'


def closed_port() -> int:
    """A port without a listener."""
    return free_port()


@asynccontextmanager
async def silent_port() -> AsyncIterator[int]:
    """A port that accepts connections and sends nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])
