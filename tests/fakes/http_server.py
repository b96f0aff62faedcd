"""The HTTP server below the fakes of web services: threads, a free port of 127.0.0.1."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    """`path` has the query; `body` is empty where the request has none.

    Names of `headers` are in lower case.
    """

    method: str
    path: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    content: str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class _Server(ThreadingHTTPServer):
    # Of five waiting clients the kernel makes the next wait for seconds.
    request_queue_size = 128


@contextmanager
def serving(respond: Callable[[Request], Response], port: int = 0) -> Iterator[str]:
    """Answer every request by `respond`, which several threads call; the value is the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = respond(Request(self.command, self.path, body, headers))
            content = response.content
            if isinstance(content, str):
                content = content.encode()
            self.send_response(response.status)
            for name, value in {**response.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_DELETE = do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep requests out of a test's output."""

    with _Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
