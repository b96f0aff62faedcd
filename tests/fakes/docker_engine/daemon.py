"""The Docker Engine's API (1.41, as engine 20.10 has it) over a Unix socket, answered from memory.

It has the calls of the docker SDK that the fake docker provider and the program make.
"""

import io
import json
import re
import socketserver
import struct
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.docker_engine.memory import (
    Body,
    EngineError,
    MemoryEngine,
    StoredContainer,
    image_id,
)

_API = "1.41"
_VERSION = {"Version": "20.10.24", "ApiVersion": _API, "MinAPIVersion": "1.12", "Os": "linux"}
_GIB = 1024**3


@contextmanager
def serving(engine: MemoryEngine) -> Iterator[str]:
    """Serve the engine; the value is its DOCKER_HOST."""
    # A socket's path has at most 107 characters, and a test's folder may be longer.
    with tempfile.TemporaryDirectory(prefix="docker-") as folder:
        path = Path(folder) / "docker.sock"

        class Handler(_Handler):
            daemon = _Daemon(engine)

        with _Server(str(path), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield f"unix://{path}"
            finally:
                server.shutdown()
                thread.join()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


Query = dict[str, str]
Answer = tuple[int, object]


def _done(act: Callable[..., None]) -> Callable[..., Answer]:
    """Call `act` with the names in the path, and answer without content."""

    def answer(_query: Query, _body: Body, *names: str) -> Answer:
        act(*names)
        return 204, None

    return answer


class _Daemon:
    """Maps requests to the engine's methods."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        one = r"([^/]+)"
        self._routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", "/_ping", lambda *_: (200, "OK")),
            ("HEAD", "/_ping", lambda *_: (200, "OK")),
            ("GET", "/version", lambda *_: (200, _VERSION)),
            ("GET", "/info", self._info),
            ("POST", "/containers/create", self._create_container),
            ("GET", "/containers/json", self._list_containers),
            ("GET", f"/containers/{one}/json", self._inspect_container),
            ("POST", f"/containers/{one}/start", _done(engine.start)),
            ("POST", f"/containers/{one}/(?:stop|kill)", _done(engine.stop)),
            ("POST", f"/containers/{one}/wait", self._wait),
            ("POST", f"/containers/{one}/update", self._update),
            ("GET", f"/containers/{one}/logs", self._logs),
            ("PUT", f"/containers/{one}/archive", self._put_archive),
            ("DELETE", f"/containers/{one}", self._remove_container),
            ("GET", "/networks", lambda *_: (200, list(engine.networks.values()))),
            ("POST", "/networks/create", self._create_network),
            ("GET", f"/networks/{one}", lambda _q, _b, name: (200, engine.network(name))),
            ("DELETE", f"/networks/{one}", _done(engine.remove_network)),
            ("POST", f"/networks/{one}/connect", self._connect),
            ("POST", f"/networks/{one}/disconnect", self._disconnect),
            ("GET", "/volumes", lambda *_: (200, {"Volumes": list(engine.volumes.values())})),
            ("POST", "/volumes/create", lambda _q, body: (201, engine.create_volume(body))),
            ("GET", f"/volumes/{one}", lambda _q, _b, name: (200, engine.volume(name))),
            ("DELETE", f"/volumes/{one}", _done(engine.remove_volume)),
            ("GET", "/images/json", self._list_images),
            ("POST", "/images/create", self._pull),
            ("POST", "/images/prune", lambda *_: (200, {"ImagesDeleted": [], "SpaceReclaimed": 0})),
            ("GET", "/images/(.+)/json", lambda _q, _b, name: (200, engine.image(name))),
            ("DELETE", "/images/(.+)", self._remove_image),
            ("GET", "/distribution/(.+)/json", self._registry),
        ]

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        parts = urlsplit(target)
        path = re.sub(r"^/v\d+\.\d+", "", unquote(parts.path))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        for verb, pattern, act in self._routes:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                content = body if act == self._put_archive else _json(body)
                try:
                    return act(query, content, *found.groups())
                except EngineError as error:
                    return error.status, {"message": str(error)}
        return 404, {"message": f"the fake has no {method} {path}"}

    def _info(self, _query: Query, _body: Body) -> Answer:
        return 200, {
            "ServerVersion": _VERSION["Version"],
            "MemTotal": 8 * _GIB,
            "NCPU": 2,
            "Architecture": "x86_64",
            "OSType": "linux",
            "Containers": len(self._engine.containers),
        }

    def _create_container(self, query: Query, body: Body) -> Answer:
        return 201, {"Id": self._engine.create_container(query["name"], body), "Warnings": []}

    def _list_containers(self, query: Query, _body: Body) -> Answer:
        wanted = json.loads(query.get("filters", "{}"))
        listed = [
            self._summary(container)
            for container in self._engine.listed()
            if (query.get("all") in {"1", "true", "True"} or container.running)
            and _fits(container, wanted)
        ]
        return 200, listed

    def _summary(self, container: StoredContainer) -> Body:
        inspected = self._engine.inspect(container)
        return {
            "Id": container.identifier,
            "Names": [inspected["Name"]],
            "Image": container.config["Image"],
            "ImageID": inspected["Image"],
            "Labels": container.config.get("Labels") or {},
            "State": container.status,
            "Status": container.status,
            "Ports": [
                {
                    "IP": binding["HostIp"],
                    "PrivatePort": int(port.split("/")[0]),
                    "PublicPort": int(binding["HostPort"]),
                    "Type": port.split("/")[1],
                }
                for port, bindings in inspected["NetworkSettings"]["Ports"].items()
                for binding in bindings
            ],
            "NetworkSettings": {"Networks": container.networks},
        }

    def _inspect_container(self, _query: Query, _body: Body, name: str) -> Answer:
        return 200, self._engine.inspect(self._engine.named(name))

    def _wait(self, _query: Query, _body: Body, name: str) -> Answer:
        container = self._engine.named(name)
        if container.running:
            raise EngineError(500, f"{name} runs on, as nothing in the fake ends a service")
        return 200, {"StatusCode": container.end.exit_code}

    def _update(self, _query: Query, body: Body, name: str) -> Answer:
        self._engine.update(name, body)
        return 200, {"Warnings": []}

    def _logs(self, query: Query, _body: Body, name: str) -> Answer:
        lines = self._engine.named(name).end.logs.splitlines(keepends=True)
        tail = query.get("tail", "all")
        kept = lines if tail == "all" else lines[-int(tail) :]
        # Every line as a frame of the output stream: stream 1, three zeros, the length.
        return 200, b"".join(struct.pack(">BxxxL", 1, len(line)) + line.encode() for line in kept)

    def _put_archive(self, _query: Query, body: bytes, name: str) -> Answer:
        files = self._engine.named(name).files
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                if content:
                    files["/" + entry.name.lstrip("/")] = content.read()
        return 200, None

    def _remove_container(self, query: Query, _body: Body, name: str) -> Answer:
        self._engine.remove_container(name, force=query.get("force") in {"1", "true", "True"})
        return 204, None

    def _create_network(self, _query: Query, body: Body) -> Answer:
        return 201, {"Id": self._engine.create_network(body), "Warning": ""}

    def _connect(self, _query: Query, body: Body, name: str) -> Answer:
        self._engine.connect(name, body["Container"], body.get("EndpointConfig") or {})
        return 200, None

    def _disconnect(self, _query: Query, body: Body, name: str) -> Answer:
        self._engine.disconnect(name, body["Container"])
        return 200, None

    def _list_images(self, _query: Query, _body: Body) -> Answer:
        return 200, [self._engine.image(tag) for tag in list(self._engine.images)]

    def _pull(self, query: Query, _body: Body) -> Answer:
        self._engine.pull(f"{query['fromImage']}:{query.get('tag') or 'latest'}")
        return 200, {"status": "Download complete"}

    def _registry(self, _query: Query, _body: Body, name: str) -> Answer:
        self._engine.require_in_registry(name)
        return 200, {"Descriptor": {"digest": image_id(name), "size": 1}, "Platforms": []}

    def _remove_image(self, _query: Query, _body: Body, name: str) -> Answer:
        self._engine.remove_image(name)
        return 200, []


class _Handler(BaseHTTPRequestHandler):
    daemon: _Daemon
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        status, answer = self.daemon.answer(self.command, self.path, self.rfile.read(length))
        content = answer if isinstance(answer, bytes) else _text(answer)
        self.send_response(status)
        self.send_header("Api-Version", _API)
        kind = "application/octet-stream" if isinstance(answer, bytes) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def address_string(self) -> str:
        return "the Unix socket"

    def log_message(self, *_: object) -> None:
        """Keep requests out of a test's output."""


def _json(body: bytes) -> object:
    return json.loads(body) if body.strip() else {}


def _text(answer: object) -> bytes:
    if answer is None:
        return b""
    return answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()


def _fits(container: StoredContainer, wanted: dict[str, list[str]]) -> bool:
    labels = container.config.get("Labels") or {}
    for label in wanted.get("label", []):
        key, _, value = label.partition("=")
        if key not in labels or (value and labels[key] != value):
            return False
    names, states = wanted.get("name"), wanted.get("status")
    if names and not any(re.search(name, container.name) for name in names):
        return False
    return not states or container.status in states
