"""A stand-in for Bedrock whose ingestion jobs go on until the test ends them.

MiniStack's end at once, so that nothing could be awaited there.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOMENT = "2026-01-02T03:04:05Z"


class SlowBedrock:
    """Jobs by id with their states, and a count of the times that somebody asked for each."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.reasons: list[str] = []
        self.asked = threading.Semaphore(0)
        self.url = ""

    def start(self) -> str | None:
        """The new job; None while another goes on, as at AWS."""
        if "IN_PROGRESS" in self.states.values():
            return None
        job = f"JOB{len(self.states):07}"
        self.states[job] = "IN_PROGRESS"
        return job

    def end(self, job: str, state: str, *reasons: str) -> None:
        self.reasons = list(reasons)
        self.states[job] = state

    def await_question(self) -> None:
        """Return when somebody asked for a job since the last call."""
        assert self.asked.acquire(timeout=30), "nobody asks for a job"

    def shown(self, job: str) -> dict[str, object]:
        return {
            "knowledgeBaseId": "KB00000000",
            "dataSourceId": "DS00000000",
            "ingestionJobId": job,
            "status": self.states[job],
            "startedAt": MOMENT,
            "updatedAt": MOMENT,
            "failureReasons": self.reasons,
            "statistics": {"numberOfDocumentsScanned": 3, "numberOfDocumentsFailed": 0},
        }


@contextmanager
def running() -> Iterator[SlowBedrock]:
    """One that listens at its `url`."""
    bedrock = SlowBedrock()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            job = bedrock.start()
            if job is None:
                message = "There is an ongoing ingestion job"
                self._answer(409, {"message": message}, error="ConflictException")
            else:
                self._answer(202, {"ingestionJob": bedrock.shown(job)})

        def do_POST(self) -> None:
            self._answer(200, {"ingestionJobSummaries": [*map(bedrock.shown, bedrock.states)]})

        def do_GET(self) -> None:
            job = self.path.rstrip("/").rpartition("/")[2]
            self._answer(200, {"ingestionJob": bedrock.shown(job)})
            bedrock.asked.release()

        def _answer(self, code: int, body: dict[str, object], error: str = "") -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = json.dumps(body).encode()
            self.send_response(code)
            if error:
                self.send_header("x-amzn-errortype", error)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        bedrock.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield bedrock
        finally:
            server.shutdown()
            thread.join()
