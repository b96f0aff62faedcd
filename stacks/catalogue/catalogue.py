"""The catalogue of a stack: its services and jobs, and the order in which they start.

Containers, ports, memory, scrape targets, URLs and docs/stacks.md are derived from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import TopologicalSorter
from importlib import resources
from typing import TypeVar

from components.images import Build
from components.workload import NOBODY, File, Job, Port, ReadyUrl, Service, Workload
from stacks.catalogue.images import BASES, BUILT, builds_for, image_name
from stacks.catalogue.outside import with_way_out
from stacks.settings import ContainerSettings, OverridableNames

_READY_SCRIPT = "/etc/copilot/await_answer.py"
W = TypeVar("W", bound=Workload)


@dataclass(frozen=True)
class Catalogue:
    """Services and jobs of one stack."""

    settings: ContainerSettings
    services: tuple[Service, ...]
    jobs: tuple[Job, ...]
    outputs: tuple[object, ...]
    """Groups of the stack's outputs, beside its addresses."""
    images: Mapping[str, str]
    """Name of every image that a container runs, by key."""
    bases: Mapping[str, str]
    """Name of every image that a built image starts from, by key."""

    @cached_property
    def builds(self) -> Mapping[str, Build]:
        """The images that the stack builds, by key."""
        return builds_for(self.settings)

    @cached_property
    def workloads(self) -> Mapping[str, Workload]:
        """Services and jobs by name."""
        return {workload.name: workload for workload in (*self.services, *self.jobs)}

    @cached_property
    def in_order(self) -> tuple[Workload, ...]:
        """Each workload after all that it waits for."""
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
        """Sum of the services' memory limits, in MB."""
        return sum(service.memory_mb for service in self.services)

    def waits_for(self, workload: Workload) -> tuple[str, ...]:
        """Names of the workloads to start first, with the job that awaits a service's readiness."""
        needs = (
            ready_job_name(name) if self._is_awaited_by_job(name) else name
            for name in workload.needs
        )
        return (*needs, *workload.after)

    @property
    def awaited(self) -> Mapping[str, str]:
        """By job, the service whose readiness it awaits."""
        services = (one.name for one in self.services if self._is_awaited_by_job(one.name))
        return {ready_job_name(name): name for name in services}

    @property
    def overridable(self) -> OverridableNames:
        """The names that the settings `ports`, `memory` and `images` may override."""
        return OverridableNames(
            ports=frozenset(port.name for _, port in self.ports),
            memory=frozenset(self.workloads),
            images=frozenset((*self.images, *self.bases)) - frozenset(BUILT),
        )

    @property
    def urls(self) -> Mapping[str, str]:
        """The address of every published port on this machine, by the name of its output."""
        return {
            f"{port.name.replace('-', '_')}_{'address' if port.page is None else 'url'}": port.url
            for _, port in self.ports
        }

    def _is_awaited_by_job(self, name: str) -> bool:
        workload = self.workloads[name]
        return isinstance(workload, Service) and isinstance(workload.health, ReadyUrl)


def ready_job_name(service: str) -> str:
    """Name of the job that waits until a service is ready."""
    return f"{service}-ready"


def assemble(
    settings: ContainerSettings,
    *,
    services: Iterable[Service],
    jobs: Iterable[Job],
    outputs: tuple[object, ...],
) -> Catalogue:
    """The catalogue with the overrides of the settings, and a job for each service to await."""
    services = tuple(services)
    jobs = (*jobs, *_ready_jobs(services))
    names = [workload.name for workload in (*services, *jobs)]
    services = with_way_out(services, settings, names)
    jobs = with_way_out(jobs, settings, names)
    used = sorted({workload.image for workload in (*services, *jobs)})
    return Catalogue(
        settings=settings,
        outputs=outputs,
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
                purpose=f"waits until {service.name} is ready",
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
