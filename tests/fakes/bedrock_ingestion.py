"""Bedrock's ingestion jobs, each of which runs until the test ends it.

MiniStack's jobs end at once, so that a test cannot wait for one there. As at AWS, a data source
has one job at a time: a second one is refused with ConflictException.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes import http_server
from tests.fakes.http_server import Request, Response
from tests.waiting import until

LIMIT_SECONDS = 180
MOMENT = "2026-01-02T03:04:05Z"


class FakeIngestion:
    """Jobs by id with their states. `asked` counts the requests for the state of one job."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.reasons: list[str] = []
        self.asked = threading.Semaphore(0)
        self.url = ""

    def start(self) -> str | None:
        """The new job's id; None while another job runs."""
        if "IN_PROGRESS" in self.states.values():
            return None
        job = f"JOB{len(self.states):07}"
        self.states[job] = "IN_PROGRESS"
        return job

    def end(self, job: str, state: str, *reasons: str) -> None:
        self.reasons = list(reasons)
        self.states[job] = state

    def await_question(self, asking: subprocess.Popen[str]) -> None:
        """Return when a job's state was requested since the last call. `asking` runs until then."""

        def asked() -> bool:
            has_ended = asking.poll() is not None
            is_asked = self.asked.acquire(blocking=False)
            assert is_asked or not has_ended, asking.communicate()
            return is_asked

        until(asked, LIMIT_SECONDS, "a job's state is requested")

    def respond(self, request: Request) -> Response:
        if request.method == "PUT":
            job = self.start()
            if job is None:
                message = json.dumps({"message": "There is an ongoing ingestion job"})
                return Response(message, 409, {"x-amzn-errortype": "ConflictException"})
            return Response(json.dumps({"ingestionJob": self._job(job)}), 202)
        if request.method == "POST":
            return Response(json.dumps({"ingestionJobSummaries": [*map(self._job, self.states)]}))
        job = request.path.rstrip("/").rpartition("/")[2]
        response = Response(json.dumps({"ingestionJob": self._job(job)}))
        self.asked.release()
        return response

    def _job(self, job: str) -> dict[str, object]:
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
def running() -> Iterator[FakeIngestion]:
    """Serve at its `url` until the end of the block."""
    bedrock = FakeIngestion()
    with http_server.serving(bedrock.respond) as bedrock.url:
        yield bedrock
