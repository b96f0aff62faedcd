"""Stand-ins for a metrics store or a Loki that misbehaves: real HTTP, chosen answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

REQUEST_SECONDS = 10


@dataclass(frozen=True)
class Reply:
    body: str
    status: int = 200
    after_seconds: float = 0


@dataclass
class MetricsStandIn:
    """Answers each query as it is told to, and remembers how it was asked."""

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
                reply = await self._asked(reader)
                await asyncio.sleep(reply.after_seconds)
                body = reply.body.encode()
                head = f"HTTP/1.1 {reply.status} X\r\nContent-Length: {len(body)}\r\n"
                writer.write(
                    f"{head}Location: /elsewhere\r\nConnection: close\r\n\r\n".encode() + body
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client went away, as clients that run out of time do
        finally:
            self._at_once -= 1
            writer.close()

    async def _asked(self, reader: asyncio.StreamReader) -> Reply:
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


@asynccontextmanager
async def metrics_stand_in(reply: Callable[[str], Reply]) -> AsyncIterator[MetricsStandIn]:
    """A server on a free port; its `url` is a base URL with a path, as Mimir's is."""
    async with _serving(MetricsStandIn(reply)) as stand_in:
        yield stand_in


@asynccontextmanager
async def loki_that(reply: Callable[[str], Reply]) -> AsyncIterator[MetricsStandIn]:
    """The same in Loki's place."""
    async with _serving(MetricsStandIn(reply, "GET /base/loki/api/v1/query")) as stand_in:
        yield stand_in


@asynccontextmanager
async def _serving(stand_in: MetricsStandIn) -> AsyncIterator[MetricsStandIn]:
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    stand_in.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    try:
        yield stand_in
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
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def silent_port() -> AsyncIterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])
