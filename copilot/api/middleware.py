"""What holds for every answer: security headers, and a count with its time."""

from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from copilot.api.metrics import Metrics

# The page is all there is to load, from this origin only; nobody may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
UNMATCHED = "unmatched"


class EveryAnswer:
    """Adds the headers and measures the request, by the route's template and not its path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # A verdict is true for a moment, and the page's files change with the program.
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            took = perf_counter() - begun
            self._metrics.request(_template(scope), scope["method"], status, took)


def _template(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    if path is None and scope["path"].startswith("/page/"):
        return "/page"
    return path or UNMATCHED
