"""Fake for Grafana, Loki or Alloy: answers that it is healthy, and nothing more.

Loki also answers that it has no logs. Arguments, which are the real service's own, are left aside.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

NO_LOGS = {"status": "success", "data": {"resultType": "vector", "result": [], "stats": {}}}
ANSWERS: dict[str, tuple[int, dict[str, object]]] = {
    "grafana": (3000, {"/api/health": {"database": "ok"}}),
    "loki": (3100, {"/ready": "ready", "/loki/api/v1/query": NO_LOGS}),
    "alloy": (12345, {"/-/ready": "Alloy is ready."}),
}


def serve(port: int, answers: dict[str, object]) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            content = json.dumps(answers.get(path, "not found")).encode()
            self.send_response(200 if path in answers else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("", port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    # The first process of a container ends on a signal only where it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(*ANSWERS[os.environ["SERVICE"]])
