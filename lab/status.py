"""The status of a lab: its processes, pages and faults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict

from lab.catalogue import ProcessSpec
from lab.processes import ProcessRecord
from lab.state import State

_MEBIBYTE = 1024 * 1024


class ProcessStatus(BaseModel):
    """One process. `pid` and `rss_mib` are None while it does not run.

    `rss_mib` is resident memory, with the unshared memory of its children. The first of `ports`
    is the one that serves.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    state: Literal["running", "stopped"]
    pid: int | None = None
    ports: tuple[int, ...] = ()
    rss_mib: float | None = None
    url: str | None = None


class LabStatus(BaseModel):
    """The whole lab. `up`: every process runs, except those that a fault keeps down."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    up: bool
    processes: tuple[ProcessStatus, ...]
    faults: tuple[str, ...]

    @property
    def urls(self) -> dict[str, str]:
        """Pages of the running processes, by process."""
        return {p.name: p.url for p in self.processes if p.url and p.state == "running"}


def describe(
    folder: Path, state: State, specs: Mapping[str, ProcessSpec], *, up: bool
) -> LabStatus:
    """Return the status of `specs` and of everything else in `state`."""
    names = [*specs, *(name for name in state.processes if name not in specs)]
    return LabStatus(
        folder=folder,
        up=up,
        processes=tuple(
            _process(name, state.processes.get(name), specs.get(name)) for name in names
        ),
        faults=tuple(state.faults),
    )


def _process(name: str, record: ProcessRecord | None, spec: ProcessSpec | None) -> ProcessStatus:
    process = record.process() if record else None
    return ProcessStatus(
        name=name,
        state="running" if process else "stopped",
        pid=process.pid if process else None,
        ports=spec.ports if spec else (),
        rss_mib=_resident_mib(process) if process else None,
        url=spec.url if spec else None,
    )


def _resident_mib(process: psutil.Process) -> float | None:
    """None for a process that has just ended."""
    try:
        resident = process.memory_info().rss
        for child in process.children(recursive=True):
            memory = child.memory_info()
            # Only Linux reports shared memory.
            resident += memory.rss - getattr(memory, "shared", 0)
        return round(resident / _MEBIBYTE, 1)
    except psutil.NoSuchProcess:
        return None
