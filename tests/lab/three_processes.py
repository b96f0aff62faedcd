"""A real cluster of three processes with every role each: three instances of a role.

The frontend of the first one requires client certificates. Those of the others do not, for the
load and the tests themselves.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.binaries import binary
from lab.postgres import USER
from lab.temporal import await_namespace, create_schemas
from tests.certificates import Certificates, write_leaf
from tests.lab.styled_servers import START_SECONDS, await_metrics, running
from tests.temporal_configuration import HOST, ProcessPorts, write_configuration
from tools.servers import TEMPORAL_SERVER, TEMPORAL_SQL_TOOL

COUNT = 3
SHARDS = 12
"""More than instances, so that each has some."""
_DATABASE = "three"


@dataclass(frozen=True)
class ThreeProcesses:
    secure_frontend: str
    plain_frontend: str
    metrics: tuple[str, ...]
    """host:port of each process."""
    last: ExitStack
    """Ends the last process when it is closed."""


@contextmanager
def three_processes(
    folder: Path, certificates: Certificates, postgres_port: int, password: str
) -> Iterator[ThreeProcesses]:
    """The cluster, with new databases on the PostgreSQL at that port."""
    create_schemas(binary(TEMPORAL_SQL_TOOL), postgres_port, password, (_DATABASE,))
    write_leaf(certificates.ca.issue_cert("localhost", HOST), folder, "server")
    ports = [ProcessPorts() for _ in range(COUNT)]
    stores = (_store(name, postgres_port, password) for name in ("", "_visibility"))
    store, visibility = stores
    with ExitStack() as stack:
        for number, own in enumerate(ports):
            config, log = folder / f"server-{number}.json", folder / f"server-{number}.log"
            is_first = number == 0
            write_configuration(
                config,
                own,
                store=store,
                visibility=visibility,
                shards=SHARDS,
                metrics={"framework": "opentelemetry"},
                public_frontend=own.frontend if is_first else ports[-2].frontend,
                more=_with_tls(certificates, folder) if is_first else None,
            )
            command = (binary(TEMPORAL_SERVER), "--config-file", config, "--allow-no-auth", "start")
            last = stack.enter_context(ExitStack())
            process = last.enter_context(running(command, log))
            await_metrics(process, own["own"], log)
        await_namespace(ports[-2]["http"], START_SECONDS)
        metrics = tuple(f"{HOST}:{own['own']}" for own in ports)
        yield ThreeProcesses(ports[0].frontend, ports[-2].frontend, metrics, last)


def _store(suffix: str, port: int, password: str) -> Mapping[str, object]:
    return {
        "pluginName": "postgres12",
        "databaseName": _DATABASE + suffix,
        "connectAddr": f"{HOST}:{port}",
        "connectProtocol": "tcp",
        "user": USER,
        "password": password,
        "maxConns": 10,
        "maxIdleConns": 10,
    }


def _with_tls(certificates: Certificates, folder: Path) -> dict[str, object]:
    ca = str(certificates.ca_file)
    client = {"rootCaFiles": [ca], "serverName": "localhost"}
    server = {
        "certFile": str(folder / "server.pem"),
        "keyFile": str(folder / "server.key"),
        "requireClientAuth": True,
        "clientCaFiles": [ca],
    }
    own_worker = {
        "certFile": str(certificates.client_file),
        "keyFile": str(certificates.client_key),
        "client": client,
    }
    return {"tls": {"frontend": {"server": server, "client": client}, "systemWorker": own_worker}}
