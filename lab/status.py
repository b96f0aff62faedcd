"""What a lab looks like from outside: its processes, pages and faults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict

from lab.processes import ProcessRecord
from lab.services import Service
from lab.state import State

_MEBIBYTE = 1024 * 1024


class ProcessStatus(BaseModel):
    """One process; `pid` and `rss_mib` only while it runs.

    `rss_mib` is resident memory, and for PostgreSQL with what its children do not share with it.
    The first of `ports` is the one that serves.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    state: Literal["running", "stopped"]
    pid: int | None = None
    ports: tuple[int, ...] = ()
    rss_mib: float | None = None
    url: str | None = None


class LabStatus(BaseModel):
    """The whole lab. `up` says that every process runs which no fault keeps down."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    up: bool
    processes: tuple[ProcessStatus, ...]
    faults: tuple[str, ...]

    @property
    def urls(self) -> dict[str, str]:
        """Pages of the running processes, by process."""
        return {p.name: p.url for p in self.processes if p.url and p.state == "running"}


def describe(folder: Path, state: State, services: Mapping[str, Service], *, up: bool) -> LabStatus:
    """Status of `services`, and of whatever else the lab started and still knows."""
    names = [*services, *(name for name in state.processes if name not in services)]
    return LabStatus(
        folder=folder,
        up=up,
        processes=tuple(
            _process(name, state.processes.get(name), services.get(name)) for name in names
        ),
        faults=tuple(state.faults),
    )


def _process(name: str, record: ProcessRecord | None, service: Service | None) -> ProcessStatus:
    process = record.process() if record else None
    return ProcessStatus(
        name=name,
        state="running" if process else "stopped",
        pid=process.pid if process else None,
        ports=service.ports if service else (),
        rss_mib=_resident_mib(process) if process else None,
        url=service.url if service else None,
    )


def _resident_mib(process: psutil.Process) -> float | None:
    """None when it has just ended."""
    try:
        resident = process.memory_info().rss
        for child in process.children(recursive=True):
            memory = child.memory_info()
            # Only Linux tells what is shared.
            resident += memory.rss - getattr(memory, "shared", 0)
        return round(resident / _MEBIBYTE, 1)
    except psutil.NoSuchProcess:
        return None
