"""Starts missing processes, in parallel where they do not depend on each other."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import catalogue, postgres, processes, temporal
from lab.binaries import binary
from lab.catalogue import Catalogue, ProcessSpec
from lab.errors import LabError
from lab.ports import require_free
from lab.processes import await_ready
from lab.state import State
from tools import servers

Report = Callable[[str], None]
"""Called with one line for each completed step."""

# On a busy machine Elasticsearch takes minutes.
READY_SECONDS = 300.0
_STORES = (catalogue.POSTGRES, catalogue.ELASTICSEARCH)


def start(
    folder: Path,
    state: State,
    specs: Catalogue,
    missing: Mapping[str, ProcessSpec],
    report: Report = lambda _: None,
    *,
    seconds: float = READY_SECONDS,
) -> None:
    """Start processes; if one does not come up, end the others. Raises LabError."""
    require_free_ports(missing.values())
    try:
        Startup(folder, state, specs, report).run(missing, seconds)
    except BaseException:
        stop(folder, state, missing)
        raise


def stop(folder: Path, state: State, ended: Iterable[str]) -> None:
    """End processes, clients before servers, and remove them from the state."""
    left = {name: state.processes[name] for name in ended if name in state.processes}
    first = {*catalogue.COPILOT, catalogue.LOAD}
    last = {catalogue.DATABASE_PROXY, catalogue.POSTGRES, catalogue.ELASTICSEARCH}
    for group in (first & left.keys(), left.keys() - first - last, last & left.keys()):
        processes.stop(left[name] for name in group)
        for name in group:
            del state.processes[name]
    state.write(folder)


def require_free_ports(specs: Iterable[ProcessSpec]) -> None:
    """Raise LabError for a port that is taken."""
    require_free((port, spec.name) for spec in specs for port in spec.ports)


class _CancelledError(LabError):
    """Another process failed first."""


class Startup:
    """One start of several processes."""

    def __init__(self, folder: Path, state: State, specs: Catalogue, report: Report) -> None:
        self._folder = folder
        self._state = state
        self._catalogue = specs
        self._report = report
        self._writing = threading.Lock()
        self._failed = threading.Event()

    def run(self, missing: Mapping[str, ProcessSpec], seconds: float = READY_SECONDS) -> None:
        """Start `missing`, each within `seconds`, and create schemas and namespaces if needed.

        Raises LabError; the processes that were started by then are in the state.
        """
        stores = [missing[name] for name in _STORES if name in missing]
        clusters = [spec for name, spec in missing.items() if catalogue.is_temporal(name)]
        # Only the Temporal servers need the stores.
        independent = [s for s in missing.values() if s not in clusters and s not in stores]
        with ThreadPoolExecutor(1) as pool:
            others = pool.submit(self._start_all, independent, seconds)
            try:
                self._start_clusters(stores, clusters, seconds)
            except BaseException as error:
                self._failed.set()
                earlier = others.exception()
                if isinstance(error, _CancelledError) and earlier:
                    raise earlier from error
                raise
            others.result()

    def _start_clusters(
        self, stores: list[ProcessSpec], clusters: list[ProcessSpec], seconds: float
    ) -> None:
        new = not self._state.initialised
        if new:
            postgres.initialise(self._folder / "postgres", self._state.database_password)
        self._start_all(stores, seconds)
        if new:
            self._create_databases()
        if self._state.visibility == "elasticsearch":
            self._create_indices()
        starting = {spec.name for spec in clusters}
        for database_name, members in self._catalogue.members.items():
            if members <= starting:
                postgres.forget_members(self._catalogue.database_url(database_name))
        # On an empty database, or at a new address, one process of a cluster must start first: of
        # several, one writes the cluster's metadata and the others die.
        first = {"temporal-history", catalogue.COPILOT_TEMPORAL}
        self._start_all((s for s in clusters if s.name in first), seconds)
        self._start_all((s for s in clusters if s.name not in first), seconds)
        if all(members <= starting for members in self._catalogue.members.values()):
            self._await_namespaces()
        if new:
            with self._writing:
                self._state.initialised = True
                self._state.write(self._folder)

    def _start_all(self, specs: Iterable[ProcessSpec], seconds: float) -> None:
        """Start processes at once and wait until all of them serve."""
        chosen = list(specs)
        if chosen:
            with ThreadPoolExecutor(len(chosen)) as pool:
                list(pool.map(lambda spec: self._start(spec, seconds), chosen))
        if self._failed.is_set():
            raise _CancelledError("another process did not start")

    def _start(self, spec: ProcessSpec, seconds: float) -> None:
        begin = time.monotonic()
        try:
            record = spec.start()
            with self._writing:
                self._state.processes[spec.name] = record
                self._state.write(self._folder)
            await_ready(record, spec.is_ready, seconds, is_cancelled=self._failed.is_set)
        except BaseException:
            self._failed.set()
            raise
        self._report(f"{spec.name} ready ({time.monotonic() - begin:.1f} s)")

    def _create_databases(self) -> None:
        begin = time.monotonic()
        if self._catalogue.members:
            temporal.create_schemas(
                binary(servers.TEMPORAL_SQL_TOOL),
                self._state.inner.postgres,
                self._state.database_password,
                tuple(self._catalogue.members),
            )
        url = self._catalogue.database_url(postgres.USER)
        postgres.create_database(url, catalogue.COPILOT_DATABASE)
        self._report(f"databases created ({time.monotonic() - begin:.1f} s)")

    def _create_indices(self) -> None:
        """Also those that were lost; existing ones stay."""
        begin = time.monotonic()
        self._catalogue.visibility.create_indices()
        self._report(f"visibility indices ready ({time.monotonic() - begin:.1f} s)")

    def _await_namespaces(self) -> None:
        """Register the namespaces, and wait until workflows can start in both clusters."""
        begin = time.monotonic()
        published = self._state.published
        ports = (published.frontend_http, published.copilot_temporal_http)
        with ThreadPoolExecutor(len(ports)) as pool:
            list(pool.map(temporal.await_namespace, ports))
        self._report(f"namespaces usable ({time.monotonic() - begin:.1f} s)")
