"""The lab: the monitored Temporal cluster, the Copilot's own, Prometheus and load."""

import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from lab import catalogue, prometheus
from lab.binaries import build
from lab.catalogue import Catalogue, ProcessSpec
from lab.elasticsearch import VisibilityStore
from lab.errors import LabError
from lab.fault import Fault
from lab.faults import FAULTS
from lab.ports import HOST, Inner, Published, free_ports, is_free
from lab.quick import catalogue_of
from lab.startup import Report, require_free_ports, start, stop
from lab.state import State, Visibility, locked, prepare, present
from lab.status import LabStatus, describe
from lab.target import Target

PortChoice = Literal["default", "free"]

_COPILOT_READY_SECONDS = 180.0


def _no_report(_: str) -> None:
    """The default Report."""


class Lab:
    """One lab, whose state is in `folder`. Its processes outlive this object.

    A running lab keeps the `ports`, `scrape_seconds` and the number of instances of history, by
    default one, with which it was started. Each lab keeps the `visibility` with which it was
    created, by default `sql`, and whether it is `quick`: None is as it was created, or not. Every
    method raises LabError.
    """

    def __init__(
        self,
        folder: Path = Path(".lab"),
        *,
        ports: PortChoice = "default",
        scrape_seconds: float = 15.0,
        visibility: Visibility | None = None,
        histories: int = 1,
        quick: bool | None = None,
        report: Report = _no_report,
    ) -> None:
        self.folder = folder.resolve()
        self._ports = ports
        self._scrape_seconds = scrape_seconds
        self._visibility = visibility
        self._histories = histories
        self._quick = quick
        self._report = report
        self._target = Target(self.folder)

    @property
    def state(self) -> State:
        """The present state; another command may change it."""
        return present(self.folder)

    @property
    def control_file(self) -> Path:
        """The control file of the load."""
        return self._target.control_file

    @property
    def frontend_address(self) -> str:
        """host:port of the monitored cluster's frontend."""
        return f"{HOST}:{self.state.published.frontend}"

    @property
    def load_metrics_port(self) -> int:
        """The port that Prometheus scrapes; another free one if it is taken, or without a lab."""
        state = State.read(self.folder)
        if state and is_free(state.inner.load_metrics):
            return state.inner.load_metrics
        return next(free_ports())

    @property
    def visibility(self) -> VisibilityStore:
        """The visibility store of a lab with visibility elasticsearch."""
        return self._target.visibility

    def status(self) -> LabStatus:
        state = self.state
        specs = catalogue_of(self.folder, state)
        shown = {s.name: s for s in (*specs.clusters().values(), *specs.copilot({}))}
        return describe(self.folder, state, shown, up=not _missing(state, specs))

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a Copilot that monitors this lab."""
        state = self.state
        published = state.published
        database_url = catalogue_of(self.folder, state).database_url(catalogue.COPILOT_DATABASE)
        return {
            "COPILOT_DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": f"{HOST}:{published.copilot_temporal}",
            "MONITORED_TEMPORAL_ADDRESS": self.frontend_address,
            "PROMETHEUS_ENDPOINT": prometheus.url(published),
            "COPILOT_API_PORT": str(published.copilot_api),
            "COPILOT_WORKER_PORT": str(published.copilot_worker),
            "COPILOT_SCRAPE_SECONDS": f"{state.scrape_seconds:g}",
        }

    def up(self, *, copilot: bool = False) -> bool:
        """Start every process that does not run. Return False if the clusters were already up."""
        with locked(self.folder):
            started = self._up(copilot)
        if copilot:
            self.start_copilot()
        return started

    def _up(self, copilot: bool) -> bool:
        state = State.read(self.folder)
        if state and self._visibility not in (None, state.visibility):
            raise self._other(f"has visibility {state.visibility}")
        if state and self._quick not in (None, state.quick):
            raise self._other(f"is {'quick' if state.quick else 'full'}")
        if state and not state.initialised:
            # The first start was interrupted.
            stop(self.folder, state, state.processes)
        fresh = state is None or not state.running
        if fresh or state is None:
            state = self._new_state(state)
        specs = catalogue_of(self.folder, state)
        missing = _missing(state, specs)
        if copilot:
            # Before the clusters start, which takes a while.
            require_free_ports(s for s in specs.copilot({}) if s.name not in state.running)
        if not missing:
            return False
        build(visibility=state.visibility, quick=state.quick)
        prepare(self.folder, keep_logs=not fresh)
        state.write(self.folder)
        specs.dynamic_config.reset()
        start(self.folder, state, specs, missing, self._report)
        # A proxy or a Prometheus that was restarted has lost its faults.
        for name in state.faults:
            FAULTS[name].inject(self._target)
        return True

    def down(self, *, delete: bool = False) -> None:
        """End every process of the lab. The data stays, unless `delete`."""
        with locked(self.folder):
            state = State.read(self.folder)
            if state:
                self._heal_stored(state)
                stop(self.folder, state, state.processes)
                state.faults.clear()
                state.write(self.folder)
            self.control_file.unlink(missing_ok=True)
            if delete:
                shutil.rmtree(self.folder)

    def _heal_stored(self, state: State) -> None:
        """End the faults that the next start would still have."""
        if catalogue.POSTGRES not in state.running:
            return
        for fault in (FAULTS[name] for name in state.faults):
            if fault.is_stored:
                # Ending the lab goes first: a database that fails ends as well.
                with suppress(LabError):
                    fault.heal(self._target)

    def start_copilot(self, extra: Mapping[str, str | None] | None = None) -> None:
        """Start the Copilot's worker and API and wait until both answer /healthz.

        `extra` changes their environment; None removes a variable.
        """
        with locked(self.folder):
            state = self.state
            specs = catalogue_of(self.folder, state)
            changed = {**self.environment(), **(extra or {})}
            copilot = specs.copilot(
                {name: text for name, text in changed.items() if text is not None}
            )
            missing = {s.name: s for s in copilot if s.name not in state.running}
            start(self.folder, state, specs, missing, seconds=_COPILOT_READY_SECONDS)

    def stop_copilot(self) -> None:
        self._stop_named(catalogue.COPILOT)

    def start_load(
        self,
        rate: float = 5.0,
        queues: Collection[str] = (),
        duration_seconds: float | None = None,
        *,
        schedule: bool = False,
    ) -> None:
        """Start a load of `rate` workflows a second on `queues`, by default the load's own.

        With `schedule` one starts more of them.
        """
        with locked(self.folder):
            state = self.state
            arguments = ["--rate", f"{rate:g}"]
            if queues:
                arguments += ["--queues", ",".join(queues)]
            if schedule:
                arguments += ["--schedule"]
            if duration_seconds is not None:
                arguments += ["--duration", f"{duration_seconds:g}"]
            specs = catalogue_of(self.folder, state)
            if catalogue.LOAD not in state.running:
                start(self.folder, state, specs, {catalogue.LOAD: specs.load(arguments)})

    def stop_load(self) -> None:
        self._stop_named([catalogue.LOAD])

    def inject(self, name: str) -> None:
        """Inject a fault. Idempotent."""
        fault = _fault(name)
        with locked(self.folder):
            self._require_up()
            if fault.needs_elasticsearch and self.state.visibility != "elasticsearch":
                raise LabError(f"{name} needs a lab started with --visibility elasticsearch")
            if fault.needs_histories and not self.state.inner.more_history:
                raise LabError(f"{name} needs a lab started with --histories 2 or more")
            if fault.needs_services and self.state.quick:
                raise LabError(f"{name} needs a process for each service: use `make demo-full`")
            fault.inject(self._target)
            state = self.state
            state.faults.setdefault(name, time.time())
            state.write(self.folder)

    def heal(self, name: str) -> None:
        """End a fault. Idempotent."""
        fault = _fault(name)
        with locked(self.folder):
            self._require_up()
            fault.heal(self._target)
            state = self.state
            state.faults.pop(name, None)
            state.write(self.folder)
            # Another fault may act on the same thing: it stays.
            for other in state.faults:
                FAULTS[other].inject(self._target)

    def spike(self, factor: float) -> None:
        """Multiply the load's rate by `factor`; 0 leaves an idle cluster with its workers."""
        with locked(self.folder):
            self._target.steer(rate_factor=factor)

    def _require_up(self) -> None:
        if catalogue.POSTGRES not in self.state.running:
            raise LabError(f"the lab in {self.folder} is not up: start it with `python -m lab up`")

    def _other(self, difference: str) -> LabError:
        return LabError(
            f"the lab in {self.folder} {difference}: delete it with `python -m lab down --delete`,"
            " or choose another folder with --folder"
        )

    def _new_state(self, earlier: State | None) -> State:
        """Return the state for a start: new ports, and the data of an earlier one."""
        published = Published() if self._ports == "default" else Published.free()
        quick = earlier.quick if earlier else bool(self._quick)
        kept = (
            earlier.model_dump(include={"database_password", "initialised", "visibility"})
            if earlier
            else {"visibility": self._visibility or "sql"}
        )
        self.control_file.unlink(missing_ok=True)
        return State(
            published=published,
            inner=Inner.free(published, self._histories, one_process=quick),
            scrape_seconds=self._scrape_seconds,
            quick=quick,
            **kept,
        )

    def _stop_named(self, ended: Iterable[str]) -> None:
        with locked(self.folder):
            stop(self.folder, self.state, ended)


def _missing(state: State, specs: Catalogue) -> dict[str, ProcessSpec]:
    """Return the clusters' processes that do not run, except those that a fault keeps down."""
    killed = [FAULTS[name].process for name in state.faults]
    return {
        name: spec
        for name, spec in specs.clusters().items()
        if name not in state.running
        and not any(process and catalogue.is_instance(name, process) for process in killed)
    }


def _fault(name: str) -> Fault:
    if name not in FAULTS:
        raise LabError(f"there is no fault {name}: choose from {', '.join(FAULTS)}")
    return FAULTS[name]
