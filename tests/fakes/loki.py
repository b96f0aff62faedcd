"""Loki, for the Copilot's one shape of LogQL query, over the files of a log folder.

A file `temporal-history.log` is the stream that Alloy would write for that container: `service` and
`job` are its name, `cluster` is `monitored`. Lines count by the time in them, in Loki's window:
without its begin, with its end. Any other query is refused with 400, as Loki refuses a parse error.
"""

import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.fakes import http_server
from tests.fakes.http_server import Request, Response

_KEPT = timedelta(minutes=20)
_CLUSTERS = {"temporal": "monitored", "copilot": "copilot"}
_QUERY = re.compile(
    r"sum by \(job\) \(count_over_time\("
    r'\{cluster="(?P<cluster>[^"]+)",job=~"(?P<job>[^"]+)"\}'
    r" \|~ `(?P<line>[^`]+)` \[(?P<length>\d+)ms\]\)\)"
)


class _LogFile:
    """The newest lines of one service; each count reads what was appended since the last.

    A line is searched once for each pattern, however often its time is asked for: a server in
    trouble logs megabytes a minute, and the Copilot waits 1.5 s and then asks for a longer window.
    """

    def __init__(self, path: Path) -> None:
        self.service = path.stem
        self.cluster = _CLUSTERS.get(path.stem.partition("-")[0], "")
        self._path = path
        self._read = 0
        self._lines: deque[tuple[datetime, str]] = deque()
        self._found: dict[re.Pattern[str], list[datetime]] = {}
        self._lock = threading.Lock()

    def count(self, wanted: re.Pattern[str], start: datetime, end: datetime) -> int:
        with self._lock:
            self._read_appended()
            if wanted not in self._found:
                self._found[wanted] = _times(wanted, self._lines)
            return sum(start < at <= end for at in self._found[wanted])

    def _read_appended(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read)
            text, newline, _ = file.read().rpartition(b"\n")
        self._read += len(text) + len(newline)
        # Most of a line; no text in it looks like a field, because JSON escapes its quotes.
        lines = [
            line.partition(',"stacktrace":')[0]
            for line in text.decode(errors="replace").splitlines()
        ]
        new = [(at, line) for line in lines if (at := _time(line))]
        for wanted, times in self._found.items():
            times.extend(_times(wanted, new))
        self._lines += new
        while self._lines and self._lines[0][0] < self._lines[-1][0] - _KEPT:
            self._lines.popleft()


def _times(wanted: re.Pattern[str], lines: Iterable[tuple[datetime, str]]) -> list[datetime]:
    return [at for at, line in lines if wanted.search(line)]


class FakeLoki:
    """Every log file of a folder, new ones too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, _LogFile] = {}
        self.queries: list[str] = []

    def respond(self, request: Request) -> Response:
        url = urlsplit(request.path)
        values = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path != "/loki/api/v1/query":
            return Response("404 page not found", 404)
        try:
            return Response(self._counts(values["query"], values["time"]))
        except (KeyError, ValueError, re.error) as error:
            return Response(str(error), 400)

    def _counts(self, query: str, nanoseconds: str) -> str:
        """The answer's body. Raises ValueError for a query of another shape."""
        asked = _QUERY.fullmatch(query)
        if not asked:
            raise ValueError(f"parse error: {query}")
        self.queries.append(query)
        # Python's datetimes have microseconds; the Copilot sends no finer digits.
        end = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(nanoseconds) // 1000)
        start = end - timedelta(milliseconds=int(asked["length"]))
        line = re.compile(asked["line"])
        result = [
            {"metric": {"job": file.service}, "value": [end.timestamp(), str(count)]}
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
def loki_over(folder: Path) -> Iterator[tuple[str, FakeLoki]]:
    """Serve the logs in `folder`: the base URL, and the fake with the queries so far."""
    fake = FakeLoki(folder)
    with http_server.serving(fake.respond) as url:
        yield url, fake


def _time(line: str) -> datetime | None:
    """The time in a server's line; a line of another shape has none."""
    found = re.search(r'"ts":"([^"]+)"', line)
    return datetime.fromisoformat(found[1]) if found else None
