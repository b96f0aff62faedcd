"""The progress of an operation of Pulumi's engine: a line for each change, and the errors.

On a terminal, the operations under way are shown below the lines.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from pulumi.automation import EngineEvent, StepEventMetadata
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from tdeploy.engine.resource import Resource
from tdeploy.terminal import stderr_console

_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "create-replacement": "replaced",
    "import": "imported",
}
_PLANNED = {"create", "update", "delete", "replace"}
_REFRESH_PER_SECOND = 8
_MAX_SHOWN = 4


@dataclass
class OperationLog:
    """The events of one operation."""

    title: str
    errors: list[tuple[Resource | None, str]] = field(default_factory=list)
    """Messages, each with the resource that it is about."""
    planned: list[tuple[str, Resource]] = field(default_factory=list)
    """The changes in a preview: create, update, delete or replace, and the resource."""
    _under_way: dict[str, tuple[Resource, float]] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)
    _lock: Lock = field(default_factory=Lock)
    _console: Console | None = None
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def __call__(self, event: EngineEvent) -> None:
        """Add an event. The SDK calls this from a thread of its own."""
        line = self._add(event)
        # Outside the lock: drawing takes the console's lock first and then this one.
        if line and self._console:
            self._console.print(line)

    def _add(self, event: EngineEvent) -> str | None:
        """Add the event. Returns the line to print for it."""
        with self._lock:
            if event.diagnostic_event and event.diagnostic_event.severity == "error":
                urn = event.diagnostic_event.urn or ""
                resource = Resource.from_urn(urn) if urn else None
                self.errors.append((resource, event.diagnostic_event.message))
            elif started := event.resource_pre_event:
                self._add_start(started.metadata, is_planned=bool(started.planning))
            elif ended := event.res_outputs_event:
                if not ended.planning:
                    return self._add_end(ended.metadata)
            elif event.res_op_failed_event:
                self._under_way.pop(event.res_op_failed_event.metadata.urn, None)
            return None

    def _add_start(self, step: StepEventMetadata, *, is_planned: bool) -> None:
        operation, resource = step.op.value, Resource(step.urn, step.type)
        if resource.is_group:
            return
        if is_planned:
            if operation in _PLANNED:
                self.planned.append((operation, resource))
        elif operation in _DONE or operation == "refresh":
            self._under_way[resource.urn] = (resource, time.monotonic())

    def _add_end(self, step: StepEventMetadata) -> str | None:
        operation, resource = step.op.value, Resource(step.urn, step.type)
        if resource.is_group:
            return None
        _, start = self._under_way.pop(resource.urn, (resource, time.monotonic()))
        if operation not in _DONE:
            return None
        seconds = time.monotonic() - start
        duration = f" ({seconds:.0f} s)" if seconds >= 1 else ""
        is_retained = operation == "delete" and step.old and step.old.retain_on_delete
        return f"{'retained' if is_retained else _DONE[operation]} {resource.label}{duration}"

    def __rich__(self) -> Spinner:
        now = time.monotonic()
        with self._lock:
            longest = sorted(self._under_way.values(), key=lambda one: one[1])
        shown = [f"{one.name} {now - start:.0f} s" for one, start in longest[:_MAX_SHOWN]]
        more = len(longest) - len(shown)
        rest = f" and {more} more" if more > 0 else ""
        under_way = f": {', '.join(shown)}{rest}" if shown else ""
        self._spinner.update(text=f"{self.title}, {now - self._start:.0f} s{under_way}")
        return self._spinner


@contextmanager
def shown_progress(title: str) -> Iterator[OperationLog]:
    """Show an operation while the block runs it; the log receives the engine's events."""
    console = stderr_console()
    log = OperationLog(title, _console=console)
    if not console.is_terminal:
        yield log
        return
    with Live(log, console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True):
        yield log
