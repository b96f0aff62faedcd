"""What Pulumi's engine does, as it does it: a line for each thing that is done, and why it failed.

On a terminal what is under way is shown below; elsewhere there are only the lines.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from pulumi.automation import EngineEvent, StepEventMetadata
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from tdeploy.console import side_console

_DONE = {
    "create": "made",
    "update": "changed",
    "delete": "removed",
    "create-replacement": "replaced",
    "import": "adopted",
}
_PLANNED = {
    "create": "make",
    "update": "change",
    "delete": "remove",
    "replace": "replace",
}
# The engine's and our own groups of resources are nothing that anyone would look for.
_GROUPS = ("pulumi:", "copilot:")
# Of "urn:pulumi:STACK::PROJECT::TYPE::NAME".
_URN_PARTS = 4
_REFRESH_PER_SECOND = 8
_SHOWN_AT_ONCE = 4


@dataclass(frozen=True)
class Resource:
    """A resource as people call it: `docker container mimir`."""

    urn: str
    type: str
    is_kept: bool = False
    """Whether it outlives its removal from the stack."""

    @classmethod
    def of(cls, urn: str) -> "Resource":
        """The resource that a URN names; its type is empty where the text is none."""
        parts = urn.split("::")
        return cls(urn, parts[-2].rsplit("$", 1)[-1] if len(parts) >= _URN_PARTS else "")

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    @property
    def is_group(self) -> bool:
        """Whether nothing outside Pulumi corresponds to it."""
        return self.type.startswith(_GROUPS)

    @property
    def is_in_aws(self) -> bool:
        return self.type.startswith("aws:")

    @property
    def is_in_docker(self) -> bool:
        return self.type.startswith("docker:")

    @property
    def is_container(self) -> bool:
        return self.type == "docker:index/container:Container"

    @property
    def is_image(self) -> bool:
        return self.type in {"docker:index/image:Image", "docker:index/remoteImage:RemoteImage"}

    @property
    def is_volume(self) -> bool:
        return self.type == "docker:index/volume:Volume"

    @property
    def label(self) -> str:
        package, _, rest = self.type.partition(":")
        module = rest.split("/", maxsplit=1)[0]
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.type.rsplit(":", 1)[-1]).lower()
        kind = kind.removeprefix("vectors ").removeprefix("agent ")
        parts = (package, "" if module == "index" else module, kind, self.name)
        return " ".join(part for part in parts if part)


@dataclass
class Record:
    """All that the engine told of one operation."""

    title: str
    errors: list[tuple[Resource | None, str]] = field(default_factory=list)
    planned: list[tuple[str, Resource]] = field(default_factory=list)
    """What a preview would do, in words, and to what."""
    _under_way: dict[str, tuple[Resource, float]] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)
    _lock: Lock = field(default_factory=Lock)
    _console: Console | None = None
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def __call__(self, event: EngineEvent) -> None:
        """Take in an event; they come from another thread."""
        line = self._taken_in(event)
        # Without the lock, because drawing takes it while it holds the console's own.
        if line and self._console:
            self._console.print(line)

    def _taken_in(self, event: EngineEvent) -> str | None:
        """Remember the event; the line to print for it, if any."""
        with self._lock:
            if event.diagnostic_event and event.diagnostic_event.severity == "error":
                urn = event.diagnostic_event.urn or ""
                found = Resource.of(urn) if urn else None
                self.errors.append((found, event.diagnostic_event.message))
            elif event.resource_pre_event:
                told = event.resource_pre_event
                self._starts(told.metadata.op.value, _resource(told.metadata), bool(told.planning))
            elif event.res_outputs_event:
                told_done = event.res_outputs_event
                if not told_done.planning:
                    return self._ended(told_done.metadata)
            elif event.res_op_failed_event:
                self._under_way.pop(event.res_op_failed_event.metadata.urn, None)
            return None

    def _starts(self, operation: str, resource: Resource, is_planned: bool) -> None:
        if resource.is_group:
            return
        if is_planned:
            if operation in _PLANNED:
                self.planned.append((_PLANNED[operation], resource))
        elif operation in _DONE or operation == "refresh":
            self._under_way[resource.urn] = (resource, time.monotonic())

    def _ended(self, told: StepEventMetadata) -> str | None:
        operation, resource = told.op.value, _resource(told)
        if resource.is_group:
            return None
        _, start = self._under_way.pop(resource.urn, (resource, time.monotonic()))
        if operation not in _DONE:
            return None
        seconds = time.monotonic() - start
        took = f" ({seconds:.0f} s)" if seconds >= 1 else ""
        kept = operation == "delete" and told.old and told.old.retain_on_delete
        return f"{'kept' if kept else _DONE[operation]} {resource.label}{took}"

    def __rich__(self) -> Spinner:
        now = time.monotonic()
        with self._lock:
            longest = sorted(self._under_way.values(), key=lambda one: one[1])
        named = [f"{one.name} {now - start:.0f} s" for one, start in longest[:_SHOWN_AT_ONCE]]
        more = len(longest) - len(named)
        rest = f" and {more} more" if more > 0 else ""
        waits = f": {', '.join(named)}{rest}" if named else ""
        self._spinner.update(text=f"{self.title}, {now - self._start:.0f} s{waits}")
        return self._spinner


@contextmanager
def watched(title: str) -> Iterator[Record]:
    """Show an operation while it runs; the record takes the engine's events."""
    console = side_console()
    record = Record(title, _console=console)
    if not console.is_terminal:
        yield record
        return
    with Live(record, console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True):
        yield record


def _resource(metadata: StepEventMetadata) -> Resource:
    return Resource(metadata.urn, metadata.type)
