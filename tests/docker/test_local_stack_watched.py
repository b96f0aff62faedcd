"""The stack `watch` beside the stack `local`, which it reaches by this machine's address.

On the engine and images of test_local_stack.py, whose stack goes on.
"""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from components.container import HOST_NAME
from stacks.catalogue.by_stack import catalogue_for
from stacks.watch_settings import WatchSettings
from tests.docker.local_stack import SHORT_CYCLES, Start
from tests.lab.watch import Watch
from tests.ports import free_ports
from tests.tdeploy.command import Tdeploy

STACK = "watch"
HAPPY_SECONDS = 300
SECRET = "tenant-7f3a"  # noqa: S105


class _Forwarder(socketserver.ThreadingTCPServer):
    """Connections to all addresses of this machine, as connections to one on 127.0.0.1."""

    daemon_threads = True
    target: tuple[str, int]


class _Connection(socketserver.BaseRequestHandler):
    server: _Forwarder
    request: socket.socket

    def handle(self) -> None:
        with suppress(OSError), socket.create_connection(self.server.target) as there:
            back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
            back.start()
            _copy(self.request, there)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def for_containers(address: str) -> Iterator[int]:
    """A port by which containers reach an address of 127.0.0.1, a URL or host:port."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    assert parts.hostname
    assert parts.port
    with _Forwarder(("0.0.0.0", 0), _Connection) as forwarder:  # noqa: S104
        forwarder.target = (parts.hostname, parts.port)
        thread = threading.Thread(target=forwarder.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield int(forwarder.server_address[1])
        finally:
            forwarder.shutdown()
            thread.join()


def test_the_copilot_alone_watches_a_cluster_of_others(
    start: Start, tdeploy: Tdeploy, tmp_path: Path
) -> None:
    project, local = start.stack.project, start.stack
    ports = free_ports(sorted(catalogue_for(WatchSettings()).overridable.ports))
    (tmp_path / "headers").write_text("X-From=copilot\n")
    (tmp_path / "headers").chmod(0o600)
    before = {container.id for container in local.client.containers.list()}
    with (
        for_containers(local.url("temporal-frontend")) as frontend,
        for_containers(local.url("mimir")) as metrics,
    ):
        project.configure(
            STACK,
            **SHORT_CYCLES,
            ports=ports,
            monitored_address=f"{HOST_NAME}:{frontend}",
            prometheus_endpoint=f"http://{HOST_NAME}:{metrics}/prometheus",
            monitored={"headers_file": str(tmp_path / "headers")},
            keep_volumes=False,
        )
        # Commands of other tests may have prepared it.
        project.pulumi("stack", "select", "--create", STACK)
        project.pulumi(
            "config", "set", "-s", STACK, "--secret", "metrics_headers", f"X-Scope-OrgID={SECRET}"
        )
        try:
            project.up(STACK)
            assert project.up(STACK).changes == {}
            with closing(Watch(f"http://127.0.0.1:{ports['copilot-api']}")) as watch:
                watch.until_state("happy", HAPPY_SECONDS)
            doctor = tdeploy("doctor", "-p", STACK, "--json")
            found = {one["name"]: one["state"] for one in doctor.json}
            assert (found["metrics store"], found["frontend"]) == ("ok", "ok"), doctor.stdout
            for container in local.client.containers.list(all=True):
                assert SECRET not in json.dumps(container.attrs), container.name
            assert SECRET not in project.state()
        finally:
            project.destroy(STACK)
    assert {container.id for container in local.client.containers.list()} == before
