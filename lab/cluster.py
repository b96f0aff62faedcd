"""A real Temporal cluster to be judged, the Copilot's own, and what watches both."""

import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Literal

from lab import processes, prometheus
from lab import services as names
from lab.errors import LabError
from lab.faults import FAULTS, Fault
from lab.load_control import LoadControl, LoadControlError
from lab.ports import HOST, Inner, Published, free_ports, is_free, require_free
from lab.proxy import DatabaseProxy
from lab.services import Service, Services
from lab.startup import READY_SECONDS, Report, Startup
from lab.state import State, locked, prepare
from lab.status import LabStatus, describe

PortChoice = Literal["default", "free"]

_COPILOT_READY_SECONDS = 60.0


def _say_nothing(_: str) -> None:
    """The Report of a lab that nobody watches."""


class Lab:
    """One lab, whose whole state is in `folder`. Its processes outlive this object.

    `ports` and `scrape_seconds` count when nothing of the lab runs yet; a running one keeps what
    it was started with. Every method raises LabError, which is one line.
    """

    def __init__(
        self,
        folder: Path = Path(".lab"),
        *,
        ports: PortChoice = "default",
        scrape_seconds: float = 15.0,
        report: Report = _say_nothing,
    ) -> None:
        self.folder = folder.resolve()
        self._ports = ports
        self._scrape_seconds = scrape_seconds
        self._report = report

    @property
    def state(self) -> State:
        """What the folder remembers now; another command may have changed it."""
        state = State.read(self.folder)
        if state is None:
            raise LabError(f"there is no lab in {self.folder}: start one with `python -m lab up`")
        return state

    @property
    def control_file(self) -> Path:
        """The file that steers the load."""
        return self.folder / "load-control.json"

    @property
    def frontend_address(self) -> str:
        """host:port of the monitored cluster's frontend."""
        return f"{HOST}:{self.state.published.frontend}"

    @property
    def load_metrics_port(self) -> int:
        """Where Prometheus looks for a load's metrics; any other, beside one or without a lab."""
        state = State.read(self.folder)
        if state and is_free(state.inner.load_metrics):
            return state.inner.load_metrics
        return next(free_ports())

    @property
    def proxy(self) -> DatabaseProxy:
        """The proxy in front of the monitored cluster's database."""
        return DatabaseProxy(self.state.inner.proxy_api)

    def status(self) -> LabStatus:
        state = self.state
        services = self._services(state)
        shown = {s.name: s for s in (*services.clusters().values(), *services.copilot({}))}
        return describe(self.folder, state, shown, up=not _missing(state, services))

    def environment(self) -> dict[str, str]:
        """The environment variables with which the Copilot runs against this lab."""
        state = self.state
        published = state.published
        return {
            "COPILOT_DATABASE_URL": self._services(state).database_url(names.COPILOT_DATABASE),
            "TEMPORAL_ADDRESS": f"{HOST}:{published.copilot_temporal}",
            "MONITORED_TEMPORAL_ADDRESS": self.frontend_address,
            "PROMETHEUS_ENDPOINT": prometheus.url(published),
            "COPILOT_API_PORT": str(published.copilot_api),
            "COPILOT_WORKER_PORT": str(published.copilot_worker),
            "COPILOT_SCRAPE_SECONDS": f"{state.scrape_seconds:g}",
        }

    def up(self, *, copilot: bool = False) -> bool:
        """Start what does not run, `copilot` with it. False when the clusters were up already."""
        with locked(self.folder):
            started = self._up(copilot)
        if copilot:
            self.start_copilot()
        return started

    def _up(self, copilot: bool) -> bool:
        state = State.read(self.folder)
        if state and not state.initialised:
            # A first start was broken off; nothing of it is worth keeping.
            self._stop(state, state.processes)
        fresh = state is None or not state.running
        if fresh or state is None:
            state = self._new_state(state)
        services = self._services(state)
        missing = _missing(state, services)
        if copilot:
            # Said before anything starts, not after the clusters have.
            _require_free(s for s in services.copilot({}) if s.name not in state.running)
        if not missing:
            return False
        names.build(_say_nothing)
        prepare(self.folder, keep_logs=not fresh)
        state.write(self.folder)
        self._start(state, services, missing)
        # A proxy or a Prometheus that was started again has forgotten what it was told.
        for name in state.faults:
            FAULTS[name].inject(self)
        return True

    def down(self, *, delete: bool = False) -> None:
        """End every process of the lab within seconds. The data stays, unless `delete`."""
        with locked(self.folder):
            state = State.read(self.folder)
            if state:
                self._stop(state, state.processes)
                state.faults.clear()
                state.write(self.folder)
            self.control_file.unlink(missing_ok=True)
            if delete:
                shutil.rmtree(self.folder)

    def start_copilot(self, extra: Mapping[str, str] | None = None) -> None:
        """Start the Copilot's worker and API and wait until both answer /healthz."""
        with locked(self.folder):
            state = self.state
            services = self._services(state)
            wanted = services.copilot({**self.environment(), **(extra or {})})
            missing = {s.name: s for s in wanted if s.name not in state.running}
            self._start(state, services, missing, _COPILOT_READY_SECONDS)

    def stop_copilot(self) -> None:
        self._stop_named(names.COPILOT)

    def start_load(
        self,
        rate: float = 5.0,
        queues: Collection[str] = (),
        duration_seconds: float | None = None,
    ) -> None:
        """Start workflows at `rate` a second, over `queues` (empty: the load's own choice)."""
        with locked(self.folder):
            state = self.state
            arguments = ["--rate", f"{rate:g}"]
            if queues:
                arguments += ["--queues", ",".join(queues)]
            if duration_seconds is not None:
                arguments += ["--duration", f"{duration_seconds:g}"]
            services = self._services(state)
            if names.LOAD not in state.running:
                self._start(state, services, {names.LOAD: services.load(arguments)})

    def stop_load(self) -> None:
        self._stop_named([names.LOAD])

    def inject(self, name: str) -> None:
        """Inject a fault; again does no harm."""
        fault = _fault(name)
        with locked(self.folder):
            self._require_up()
            fault.inject(self)
            state = self.state
            state.faults.setdefault(name, time.time())
            state.write(self.folder)

    def heal(self, name: str) -> None:
        """Take a fault back; without the fault it does nothing harmful."""
        fault = _fault(name)
        with locked(self.folder):
            self._require_up()
            fault.heal(self)
            state = self.state
            state.faults.pop(name, None)
            state.write(self.folder)
            # Two faults may work on the same thing: the other one goes on.
            for other in state.faults:
                FAULTS[other].inject(self)

    def spike(self, factor: float) -> None:
        """Multiply the load's rate; 1 is the usual rate, 0 an idle cluster with its workers."""
        with locked(self.folder):
            self.steer(rate_factor=factor)

    def _require_up(self) -> None:
        if names.POSTGRES not in self.state.running:
            raise LabError(f"the lab in {self.folder} is not up: start it with `python -m lab up`")

    # What faults are made of. They are called with the folder locked.

    def kill(self, process: str) -> None:
        """End a process as a crash would."""
        record = self.state.running.get(process)
        if record:
            processes.kill(record)

    def revive(self, process: str) -> None:
        """Start a process of the clusters again, unless it runs."""
        state = self.state
        if process not in state.running:
            services = self._services(state)
            self._start(state, services, {process: services.clusters()[process]})

    def steer(self, **changes: object) -> None:
        """Change fields of the load's control file."""
        try:
            control = LoadControl.read(self.control_file)
            changed = LoadControl.model_validate({**control.model_dump(), **changes})
            changed.write(self.control_file)
        except LoadControlError as error:
            raise LabError(str(error)) from error

    def scrape_monitored(self, wanted: bool) -> None:
        """Let Prometheus scrape the monitored cluster, or not."""
        state = self.state
        self._services(state).write_scrape_config(with_monitored=wanted)
        if names.PROMETHEUS in state.running:
            prometheus.reload(state.published)

    def _new_state(self, earlier: State | None) -> State:
        """State of a lab of which nothing runs: new ports, and the data of an earlier one."""
        published = Published() if self._ports == "default" else Published.free()
        kept = earlier.model_dump(include={"database_password", "initialised"}) if earlier else {}
        self.control_file.unlink(missing_ok=True)
        return State(
            published=published,
            inner=Inner.free(published),
            scrape_seconds=self._scrape_seconds,
            **kept,
        )

    def _services(self, state: State) -> Services:
        return Services(self.folder, state)

    def _start(
        self,
        state: State,
        services: Services,
        missing: Mapping[str, Service],
        seconds: float = READY_SECONDS,
    ) -> None:
        """Start some services; when one does not come up, end those that did."""
        _require_free(missing.values())
        try:
            Startup(self.folder, state, services, self._report).run(missing, seconds)
        except BaseException:
            self._stop(state, missing)
            raise

    def _stop_named(self, wanted: Iterable[str]) -> None:
        with locked(self.folder):
            self._stop(self.state, wanted)

    def _stop(self, state: State, wanted: Iterable[str]) -> None:
        """End some processes and forget them: first who uses others, the databases last."""
        left = {name: state.processes[name] for name in wanted if name in state.processes}
        first = {*names.COPILOT, names.LOAD}
        last = {names.DATABASE_PROXY, names.POSTGRES}
        for group in (first & left.keys(), left.keys() - first - last, last & left.keys()):
            processes.stop(left[name] for name in group)
            for name in group:
                del state.processes[name]
        state.write(self.folder)


def _missing(state: State, services: Services) -> dict[str, Service]:
    """What of the clusters does not run, but for what a fault keeps down."""
    present = {*state.running, *(FAULTS[name].process for name in state.faults)}
    return {name: s for name, s in services.clusters().items() if name not in present}


def _require_free(services: Iterable[Service]) -> None:
    require_free((port, service.name) for service in services for port in service.ports)


def _fault(name: str) -> Fault:
    if name not in FAULTS:
        raise LabError(f"there is no fault {name}: choose from {', '.join(FAULTS)}")
    return FAULTS[name]
