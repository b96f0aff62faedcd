"""Brings up what is missing, in parallel where nothing stands against it."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import postgres, temporal
from lab import services as names
from lab.errors import LabError
from lab.processes import await_ready
from lab.services import Service, Services
from lab.state import State
from tools import servers

Report = Callable[[str], None]
"""Told in a few words what has just been done."""

READY_SECONDS = 60.0
_MEMBERS = {
    names.MONITORED_DATABASE: set(names.MONITORED),
    names.COPILOT_TEMPORAL_DATABASE: {names.COPILOT_TEMPORAL},
}
_TEMPORAL = set().union(*_MEMBERS.values())


class _GivenUpError(LabError):
    """Not the cause: another service failed first."""


class Startup:
    """One run of `up`, or of a later start of a single service."""

    def __init__(self, folder: Path, state: State, services: Services, report: Report) -> None:
        self._folder = folder
        self._state = state
        self._services = services
        self._report = report
        self._writing = threading.Lock()
        self._failed = threading.Event()

    def run(self, missing: Mapping[str, Service], seconds: float = READY_SECONDS) -> None:
        """Start `missing`, each within `seconds`; on an empty database make what belongs there.

        Raises LabError. What was started by then is in the state.
        """
        database = [missing[names.POSTGRES]] if names.POSTGRES in missing else []
        clusters = [service for name, service in missing.items() if name in _TEMPORAL]
        # Nothing but the Temporal servers waits for the database.
        beside = [s for s in missing.values() if s not in clusters and s not in database]
        with ThreadPoolExecutor(1) as pool:
            others = pool.submit(self._start_all, beside, seconds)
            try:
                self._start_clusters(database, clusters, seconds)
            except BaseException as error:
                self._failed.set()
                earlier = others.exception()
                if isinstance(error, _GivenUpError) and earlier:
                    raise earlier from error
                raise
            others.result()

    def _start_clusters(
        self, database: list[Service], clusters: list[Service], seconds: float
    ) -> None:
        new = not self._state.initialised
        if new:
            # What an interrupted first start left there is thrown away.
            postgres.initialise(self._folder / "postgres", self._state.database_password)
        self._start_all(database, seconds)
        if new:
            self._create_databases()
        starting = {service.name for service in clusters}
        for database_name, members in _MEMBERS.items():
            if members <= starting:
                postgres.forget_members(self._services.database_url(database_name))
        # On an empty database, or with another address than before, one process of a cluster has
        # to be alone: of several, one writes the cluster's metadata and the others die.
        first = {"temporal-history", names.COPILOT_TEMPORAL}
        self._start_all((s for s in clusters if s.name in first), seconds)
        self._start_all((s for s in clusters if s.name not in first), seconds)
        if starting == _TEMPORAL:
            # Members that have just started take a moment to find each other.
            self._await_namespaces()
        if new:
            with self._writing:
                self._state.initialised = True
                self._state.write(self._folder)

    def _start_all(self, services: Iterable[Service], seconds: float) -> None:
        """Start some services at once and wait until all of them serve."""
        chosen = list(services)
        if chosen:
            with ThreadPoolExecutor(len(chosen)) as pool:
                list(pool.map(lambda service: self._start(service, seconds), chosen))
        if self._failed.is_set():
            raise _GivenUpError("something else did not start")

    def _start(self, service: Service, seconds: float) -> None:
        begin = time.monotonic()
        try:
            record = service.start()
            with self._writing:
                self._state.processes[service.name] = record
                self._state.write(self._folder)
            await_ready(record, service.is_ready, seconds, given_up=self._failed.is_set)
        except BaseException:
            # The others need not wait to the end: the whole start has failed.
            self._failed.set()
            raise
        self._report(f"{service.name} ready ({time.monotonic() - begin:.1f} s)")

    def _create_databases(self) -> None:
        begin = time.monotonic()
        temporal.create_schemas(
            names.binary(servers.TEMPORAL_SQL_TOOL),
            self._state.inner.postgres,
            self._state.database_password,
            tuple(_MEMBERS),
        )
        url = self._services.database_url(postgres.USER)
        postgres.create_database(url, names.COPILOT_DATABASE)
        self._report(f"databases created ({time.monotonic() - begin:.1f} s)")

    def _await_namespaces(self) -> None:
        """Register what is missing, and wait until both clusters can run workflows."""
        begin = time.monotonic()
        published = self._state.published
        ports = (published.frontend_http, published.copilot_temporal_http)
        with ThreadPoolExecutor(len(ports)) as pool:
            list(pool.map(temporal.await_namespace, ports))
        self._report(f"namespaces usable ({time.monotonic() - begin:.1f} s)")
