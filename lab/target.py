"""What a fault acts on: the parts of a running lab, whose folder is locked."""

from pathlib import Path

from lab import catalogue, processes, prometheus, read_only, shard_lock
from lab.elasticsearch import VisibilityStore
from lab.errors import LabError
from lab.load_control import LoadControl, LoadControlError
from lab.proxy import VISIBILITY, DatabaseProxy
from lab.quick import catalogue_of
from lab.startup import start
from lab.state import State, present
from lab.temporal import limit_queue


class Target:
    """A running lab. Every method raises LabError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.control_file = folder / "load-control.json"
        """Of the load."""

    @property
    def _state(self) -> State:
        return present(self._folder)

    @property
    def proxy(self) -> DatabaseProxy:
        """The proxy in front of the monitored cluster's database."""
        return DatabaseProxy(self._state.inner.proxy_api)

    @property
    def visibility_proxy(self) -> DatabaseProxy:
        """The proxy in front of the database with the monitored cluster's visibility."""
        return DatabaseProxy(self._state.inner.proxy_api, VISIBILITY)

    @property
    def visibility(self) -> VisibilityStore:
        """The visibility store of a lab with visibility elasticsearch."""
        return VisibilityStore(self._folder, self._state.published.elasticsearch)

    def kill(self, process: str) -> None:
        """End a process as a crash would; of a role, with its other instances."""
        for name, record in self._state.running.items():
            if catalogue.is_instance(name, process):
                processes.kill(record)

    def revive(self, process: str) -> None:
        """Start those of these processes that do not run."""
        state = self._state
        specs = catalogue_of(self._folder, state)
        missing = {
            name: spec
            for name, spec in specs.clusters().items()
            if catalogue.is_instance(name, process) and name not in state.running
        }
        start(self._folder, state, specs, missing)

    def steer(self, **changes: object) -> None:
        """Change fields of the load's control file."""
        try:
            control = LoadControl.read(self.control_file)
            changed = LoadControl.model_validate({**control.model_dump(), **changes})
            changed.write(self.control_file)
        except LoadControlError as error:
            raise LabError(str(error)) from error

    def configure(self, key: str, value: float | None) -> None:
        """Set a value of the monitored cluster's dynamic configuration; None removes it."""
        catalogue_of(self._folder, self._state).dynamic_config.set(key, value)

    def limit_queue(self, queue: str, per_second: float | None) -> None:
        """Limit the dispatch of a queue's activities; None removes the limit."""
        limit_queue(self._state.published.frontend_http, queue, per_second)

    def hold_shard(self, shard: int) -> None:
        """Lock the row of a history shard of the monitored cluster."""
        shard_lock.hold(self._monitored_url, shard)

    def release_shard(self) -> None:
        shard_lock.release(self._monitored_url)

    def refuse_writes(self, refuse: bool) -> None:
        """Make the database of the monitored cluster read-only, or not."""
        read_only.refuse_writes(self._monitored_url, refuse)

    @property
    def _monitored_url(self) -> str:
        specs = catalogue_of(self._folder, self._state)
        return specs.database_url(catalogue.MONITORED_DATABASE)

    def scrape(self, *, with_monitored: bool = True, with_buckets: bool = True) -> None:
        """Change what Prometheus scrapes of the monitored cluster."""
        state = self._state
        catalogue_of(self._folder, state).write_scrape_config(
            with_monitored=with_monitored, with_buckets=with_buckets
        )
        if catalogue.PROMETHEUS in state.running:
            prometheus.reload(state.published)
