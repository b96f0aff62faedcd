"""Every port of a lab: the fixed ones that people use, and inner ones that are found free."""

import random
import socket
from collections.abc import Iterable, Iterator

import psutil
from pydantic import BaseModel, ConfigDict

from lab.errors import LabError

HOST = "127.0.0.1"
# Below every system's range of ephemeral ports, so that no outgoing connection takes one of them
# between a service's death and its restart.
_INNER_PORTS = range(15_000, 32_000)


class Published(BaseModel):
    """The ports that people and the Copilot use; the defaults are the documented ones."""

    model_config = ConfigDict(frozen=True)

    frontend: int = 7233
    frontend_http: int = 8233
    temporal_ui: int = 8080
    copilot_temporal: int = 7243
    copilot_temporal_http: int = 8243
    copilot_temporal_ui: int = 8082
    copilot_api: int = 8081
    copilot_worker: int = 8083
    prometheus: int = 9009

    @classmethod
    def free(cls) -> "Published":
        ports = free_ports()
        return cls(**{name: next(ports) for name in cls.model_fields})


class Service(BaseModel):
    """Ports of one role of a Temporal server. `metrics` is per process: roles in one share it."""

    model_config = ConfigDict(frozen=True)

    grpc: int
    membership: int
    metrics: int


class Inner(BaseModel):
    """The ports that only the lab's own processes use."""

    model_config = ConfigDict(frozen=True)

    postgres: int
    database_proxy: int
    proxy_api: int
    load_metrics: int
    """Where the load's workers expose what their SDK measures."""
    monitored: dict[str, Service]
    """By role: frontend, history, matching, worker."""
    copilot: dict[str, Service]

    @classmethod
    def free(cls, published: Published) -> "Inner":
        ports = (port for port in free_ports() if port not in published.model_dump().values())

        def services(frontend: int, *, one_process: bool) -> dict[str, Service]:
            shared = next(ports)
            return {
                role: Service(
                    grpc=frontend if role == "frontend" else next(ports),
                    membership=next(ports),
                    metrics=shared if one_process else next(ports),
                )
                for role in ("frontend", "history", "matching", "worker")
            }

        return cls(
            postgres=next(ports),
            database_proxy=next(ports),
            proxy_api=next(ports),
            load_metrics=next(ports),
            monitored=services(published.frontend, one_process=False),
            copilot=services(published.copilot_temporal, one_process=True),
        )


def free_ports() -> Iterator[int]:
    """Ports that nobody listens on, in an order of chance, so that two labs seldom meet."""
    return (port for port in random.sample(_INNER_PORTS, len(_INNER_PORTS)) if is_free(port))


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, or a connection that ended a minute ago would count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether something answers a connection to `port` on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def require_free(wanted: Iterable[tuple[int, str]]) -> None:
    """Raise LabError naming the first taken port, who wanted it and who holds it."""
    for port, process in wanted:
        if not is_free(port):
            raise LabError(
                f"port {port}, which {process} needs, is taken by {_holder(port)}:"
                " stop it, or choose other ports with --ports free"
            )


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr:
                continue
            if connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        # Other users' processes are hidden on some systems, and one may end while asked.
        return "a process that this user cannot see"
    return "a process that this user cannot see"
