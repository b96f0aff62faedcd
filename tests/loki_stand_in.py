"""A stand-in for Loki: answers the LogQL that the Copilot asks, over the files of a log folder.

A file `temporal-history.log` is the stream that Alloy would make of that container: `service` and
`job` are its name, `cluster` is the monitored one. Lines are counted by the time that they carry,
in the window that Loki counts: without its begin, with its end. Anything else is refused, as Loki
refuses what it cannot parse.
"""

import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

KEEP = timedelta(minutes=10)
_CLUSTERS = {"temporal": "monitored", "copilot": "copilot"}
_QUERY = re.compile(
    r"sum by \(service\) \(count_over_time\("
    r'\{cluster="(?P<cluster>[^"]+)",job=~"(?P<job>[^"]+)"\}'
    r" \|~ `(?P<line>[^`]+)` \[(?P<length>\d+)ms\]\)\)"
)


class _LogFile:
    """The newest lines of one service, read on as it writes them."""

    def __init__(self, path: Path) -> None:
        self.service = path.stem
        self.cluster = _CLUSTERS.get(path.stem.partition("-")[0], "")
        self._path = path
        self._read = 0
        self._lines: deque[tuple[datetime, str]] = deque()
        self._lock = threading.Lock()

    def count(self, wanted: re.Pattern[str], start: datetime, end: datetime) -> int:
        with self._lock:
            self._read_on()
            lines = [line for at, line in self._lines if start < at <= end]
        return sum(bool(wanted.search(line)) for line in lines)

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read)
            text, newline, _ = file.read().rpartition(b"\n")
        self._read += len(text) + len(newline)
        for line in text.decode(errors="replace").splitlines():
            if at := _time(line):
                self._lines.append((at, line))
        while self._lines and self._lines[0][0] < self._lines[-1][0] - KEEP:
            self._lines.popleft()


class LokiStandIn:
    """Every log file of a folder, also one that is not there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, _LogFile] = {}
        self.queries: list[str] = []

    def answer(self, query: str, nanoseconds: str) -> str:
        """The answer's body. Raises ValueError when the query is none that it knows."""
        asked = _QUERY.fullmatch(query)
        if not asked:
            raise ValueError(f"parse error: {query}")
        self.queries.append(query)
        # Pythons's datetimes have microseconds; the time that is asked for has no finer digits.
        end = datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(
            microseconds=int(nanoseconds) // 1000
        )
        start = end - timedelta(milliseconds=int(asked["length"]))
        line = re.compile(asked["line"])
        result = [
            {
                "metric": {"service": file.service},
                "value": [end.timestamp(), str(count)],
            }
            for file in self._known()
            if file.cluster == asked["cluster"] and re.fullmatch(asked["job"], file.service)
            if (count := file.count(line, start, end))
        ]
        data = {"resultType": "vector", "result": result, "stats": {}}
        return json.dumps({"status": "success", "data": data})

    def _known(self) -> list[_LogFile]:
        for path in sorted(self._folder.glob("*.log")):
            if path not in self._files:
                self._files[path] = _LogFile(path)
        return list(self._files.values())


@contextmanager
def loki_over(folder: Path) -> Iterator[tuple[str, LokiStandIn]]:
    """Its base URL, on a free port, and what it was asked."""
    stand_in = LokiStandIn(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path != "/loki/api/v1/query":
                return self._say(404, "404 page not found")
            try:
                return self._say(200, stand_in.answer(asked["query"], asked["time"]))
            except (KeyError, ValueError, re.error) as error:
                return self._say(400, str(error))

        def _say(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", stand_in
        finally:
            server.shutdown()
            thread.join()


def _time(line: str) -> datetime | None:
    """The time in a server's line; a line of another shape has none."""
    found = re.search(r'"ts":"([^"]+)"', line)
    return datetime.fromisoformat(found[1]) if found else None
