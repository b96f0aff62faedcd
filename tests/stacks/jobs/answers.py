"""A server whose answers a test lists."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.fakes import http_server
from tests.fakes.http_server import Request, Response

Answer = Callable[[str, str, str], int | tuple[int, object]]
"""From a method, a path and a body to the status, and the JSON that is sent with it."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; the value is the URL."""

    def respond(request: Request) -> Response:
        given = answer(request.method, request.path, request.body)
        status, content = given if isinstance(given, tuple) else (given, {"message": "said"})
        return Response(json.dumps(content), status)

    with http_server.serving(respond) as url:
        yield url
