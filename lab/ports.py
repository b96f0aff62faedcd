"""Every port of a lab: the published ones, and inner ones, which are chosen among the free."""

import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil
from pydantic import BaseModel, ConfigDict

from copilot.signals.roles import Role
from lab.errors import LabError

HOST = "127.0.0.1"
# Below every system's range of ephemeral ports, so that no outgoing connection takes a port
# between the death of its process and the restart.
_INNER_PORTS = range(15_000, 32_000)
# Its starter accepts no port above.
_ELASTICSEARCH_PORTS = range(9201, 9300)


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
    elasticsearch: int = 9200

    @classmethod
    def free(cls) -> "Published":
        ports = free_ports()
        chosen = {name: next(ports) for name in cls.model_fields}
        return cls(**{**chosen, "elasticsearch": next(free_ports(_ELASTICSEARCH_PORTS))})


class RolePorts(BaseModel):
    """Ports of one role of a Temporal server. Roles in one process share `metrics`."""

    model_config = ConfigDict(frozen=True)

    grpc: int
    membership: int
    metrics: int


class Inner(BaseModel):
    """The ports that only the lab's own processes use."""

    model_config = ConfigDict(frozen=True)

    postgres: int
    database_proxy: int
    visibility_proxy: int
    proxy_api: int
    load_metrics: int
    """Where the load's workers expose the metrics of their SDK."""
    monitored: dict[str, RolePorts]
    """By role: frontend, history, matching, worker."""
    more_history: list[RolePorts]
    """Of the second and the next instance of history."""
    copilot: dict[str, RolePorts]

    @classmethod
    def free(cls, published: Published, histories: int, *, one_process: bool) -> "Inner":
        """Free ports, for a monitored cluster of one process, or of one for each role with that
        many instances of history."""
        ports = (port for port in free_ports() if port not in published.model_dump().values())

        def of_process() -> RolePorts:
            return RolePorts(grpc=next(ports), membership=next(ports), metrics=next(ports))

        def by_role(frontend: int, *, one_process: bool) -> dict[str, RolePorts]:
            shared = next(ports)
            return {
                role: RolePorts(
                    grpc=frontend if role is Role.FRONTEND else next(ports),
                    membership=next(ports),
                    metrics=shared if one_process else next(ports),
                )
                for role in Role
            }

        return cls(
            postgres=next(ports),
            database_proxy=next(ports),
            visibility_proxy=next(ports),
            proxy_api=next(ports),
            load_metrics=next(ports),
            monitored=by_role(published.frontend, one_process=one_process),
            more_history=[of_process() for _ in range(histories - 1)],
            copilot=by_role(published.copilot_temporal, one_process=True),
        )


def free_ports(among: range = _INNER_PORTS) -> Iterator[int]:
    """Free ports in random order, so that two labs rarely choose the same one."""
    return (port for port in random.sample(among, len(among)) if is_free(port))


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers do the same; otherwise a connection in TIME_WAIT would count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Return whether something listens on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def require_free(wanted: Iterable[tuple[int, str]]) -> None:
    """Raise LabError for the first taken port, with the process that needs it and its holder."""
    for port, process in wanted:
        if not is_free(port):
            raise LabError(
                f"port {port}, which {process} needs, is taken by {_holder(port)}:"
                " stop it, or pass --ports free"
            )


def _holder(port: int) -> str:
    # Some systems hide other users' processes, and a process may end in between.
    with suppress(psutil.AccessDenied, psutil.NoSuchProcess):
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr:
                continue
            if connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "a process of another user"
