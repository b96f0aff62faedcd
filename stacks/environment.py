"""A stack's containers, declared from its catalogue."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi

from components.container import Surroundings
from components.container_service import ContainerService
from components.healing import Healing
from components.images import Build, Images
from components.job import OneShotJob
from components.network import Network
from components.service import Job, Service
from components.text import made_of
from stacks.images import generation
from stacks.run_mode import Overwriting, Services, overwriting
from stacks.services import Catalogue
from stacks.settings import ContainerSettings


def declare(
    stack: str,
    catalogue: Catalogue,
    settings: ContainerSettings,
    *,
    services: Services,
    builds: Mapping[str, Build],
) -> list[pulumi.Output[str]]:
    """Declare what runs here; the ids that are known once everything serves.

    `builds` are our images that this stack builds; one that it does not has to be here already.
    """
    if services == "none":
        return []
    healing = Healing.of_stack(stack)
    network = Network(stack, catalogue.volumes, keep_volumes=settings.keep_volumes, healing=healing)
    if services == "stopped":
        return []
    public = {key: name for key, name in catalogue.images.items() if key not in builds}
    images = declare_images(stack, public=public, builds=builds, ask=services != "unasked")
    around = Surroundings(stack, network.name, network.volumes, images.ids, healing)
    return _containers(with_overwriting(catalogue, overwriting()), around)


def declare_images(
    stack: str, *, public: Mapping[str, str], builds: Mapping[str, Build], ask: bool = True
) -> Images:
    """Declare the images, public ones by name and those that are built here.

    Without `ask` the engine is not asked whether the latter are still there.
    """
    return Images(
        stack,
        public=public,
        built=builds,
        generations={key: generation(key, ask=ask) for key in builds},
    )


def with_overwriting(catalogue: Catalogue, asked: Overwriting | None) -> Catalogue:
    """The catalogue whose jobs of that schema begin by dropping it. Raises pulumi.RunError."""
    if asked is None:
        return catalogue
    if asked.job not in {job for one in catalogue.jobs for job in one.overwrites}:
        raise pulumi.RunError(f"there is no schema of a job {asked.job} to make anew")
    return replace(catalogue, jobs=tuple(_overwriting(job, asked) for job in catalogue.jobs))


def _overwriting(job: Job, asked: Overwriting) -> Job:
    instead = job.overwrites.get(asked.job)
    if instead is None:
        return job
    first, *rest = instead.command

    def agreed(host: str, word: str) -> str:
        asked.require_agreed(host)
        return word

    return replace(job, command=(made_of({"host": instead.where, "word": first}, agreed), *rest))


def _containers(catalogue: Catalogue, around: Surroundings) -> list[pulumi.Output[str]]:
    made: dict[str, pulumi.Input[pulumi.Resource]] = {}
    ids: dict[str, pulumi.Output[str]] = {}
    for workload in catalogue.in_order:
        depends_on = [made[name] for name in catalogue.waits_for(workload)]
        if isinstance(workload, Service):
            service = ContainerService(workload, around, depends_on=depends_on)
            made[workload.name] = service.container
            ids[workload.name] = service.container.id
        elif isinstance(workload, Job):
            redo_with = [ids[name] for name in workload.redo_with]
            job = OneShotJob(workload, around, depends_on=depends_on, redo_with=redo_with)
            made[workload.name] = job.done
            ids[workload.name] = job.container_id
    # A job's id alone would be known before it is clear whether it succeeded.
    ends = [pulumi.Output.from_input(done) for done in made.values()]
    return [*ids.values(), *(pulumi.Output.from_input(end).apply(lambda _: "") for end in ends)]
