"""The catalogue of services: everything that runs, and after what.

Containers, their order, ports, memory, scrape targets, URLs and the table in the README are
derived from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import TopologicalSorter
from importlib import resources
from typing import TypeVar

from components.service import NOBODY, File, Job, Port, ReadyUrl, Service, Text, Workload
from stacks.copilot_services import Copilot
from stacks.images import BASES, BUILT, image_name
from stacks.settings import ContainerSettings, Known
from stacks.stores import Stores
from stacks.telemetry import Telemetry
from stacks.temporal import Temporal

_READY_SCRIPT = "/etc/copilot/await_answer.py"
W = TypeVar("W", bound=Workload)


@dataclass(frozen=True)
class Catalogue:
    """Services and jobs of one stack."""

    stack: str
    services: tuple[Service, ...]
    jobs: tuple[Job, ...]
    images: Mapping[str, str]
    """Name of every image that a container runs, by key."""
    bases: Mapping[str, str]
    """Name of every image that one of those is built from, by key."""

    @cached_property
    def workloads(self) -> Mapping[str, Workload]:
        """Services and jobs by name."""
        return {workload.name: workload for workload in (*self.services, *self.jobs)}

    @cached_property
    def in_order(self) -> tuple[Workload, ...]:
        """Each after everything that it waits for."""
        order = TopologicalSorter(
            {name: set(self.waits_for(one)) for name, one in self.workloads.items()}
        )
        return tuple(self.workloads[name] for name in order.static_order())

    @property
    def ports(self) -> Iterator[tuple[Service, Port]]:
        """Every published port, with its service."""
        return ((service, port) for service in self.services for port in service.ports)

    @property
    def volumes(self) -> frozenset[str]:
        """Names of all volumes."""
        every = (mount.volume for service in self.services for mount in service.mounts)
        return frozenset(name for name in every if name)

    @property
    def memory_mb(self) -> int:
        """Sum of the memory limits of what runs at once."""
        return sum(service.memory_mb for service in self.services)

    def waits_for(self, workload: Workload) -> tuple[str, ...]:
        """Names of what has to be there first, where a job stands for a service's readiness."""
        needs = (
            ready_job_name(name) if self._is_awaited_by_job(name) else name
            for name in workload.needs
        )
        return (*needs, *workload.after)

    @property
    def known(self) -> Known:
        """The names that settings may override."""
        return Known(
            ports=frozenset(port.name for _, port in self.ports),
            memory=frozenset(self.workloads),
            images=frozenset((*self.images, *self.bases)) - frozenset(BUILT),
        )

    def _is_awaited_by_job(self, name: str) -> bool:
        workload = self.workloads[name]
        return isinstance(workload, Service) and isinstance(workload.health, ReadyUrl)


def ready_job_name(service: str) -> str:
    """Name of the job that waits until a service answers."""
    return f"{service}-ready"


def catalogue(
    stack: str,
    settings: ContainerSettings,
    stores: Stores,
    *,
    knowledge: Mapping[str, Text],
    grafana_password: Text,
) -> Catalogue:
    """Everything that the stack runs, with the settings' overrides.

    `knowledge` is the Copilot's environment for its knowledge source and model.
    """
    temporal = Temporal(settings, stores)
    copilot = Copilot(settings, stores, knowledge)
    watched = (*stores.services, *temporal.services(), *copilot.services())
    telemetry = Telemetry(
        stack, settings, watched, stores.access, stores.dashboard, grafana_password
    )
    services = (*watched, *telemetry.services())
    jobs = (*stores.jobs, *temporal.jobs(), *copilot.jobs(), *_ready_jobs(services))
    used = sorted({workload.image for workload in (*services, *jobs)})
    return Catalogue(
        stack=stack,
        services=_with_memory(services, settings.memory),
        jobs=_with_memory(jobs, settings.memory),
        images={key: image_name(key, settings.images) for key in used},
        bases={
            base: image_name(base, settings.images) for key in used for base in BASES.get(key, ())
        },
    )


def _ready_jobs(services: Sequence[Service]) -> Iterator[Job]:
    script = resources.files("stacks.jobs").joinpath("await_answer.py").read_text("utf-8")
    for service in services:
        if isinstance(service.health, ReadyUrl):
            yield Job(
                name=ready_job_name(service.name),
                image="python",
                purpose=f"waits until {service.name} serves",
                memory_mb=64,
                entrypoint=("python", _READY_SCRIPT),
                command=(service.health.url, str(service.health.time_limit)),
                files=(File(_READY_SCRIPT, script),),
                user=NOBODY,
                after=(service.name,),
                redo_with=(service.name,),
            )


def _with_memory(workloads: Sequence[W], memory: Mapping[str, int]) -> tuple[W, ...]:
    return tuple(
        replace(workload, memory_mb=memory.get(workload.name, workload.memory_mb))
        for workload in workloads
    )
