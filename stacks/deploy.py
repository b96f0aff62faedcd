"""A stack's containers and outputs, declared from its catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pulumi

from components.cleanup_hooks import CleanupHooks
from components.container import SharedResources
from components.container_service import ContainerService
from components.docker_engine import DockerEngineError, remove_replaced_images
from components.drift import find_drift
from components.images import Build, Images
from components.inputs import apply
from components.network import Network, network_name
from components.one_shot_job import OneShotJob
from components.workload import Job, Service
from stacks import env_file, outputs, preflight
from stacks.catalogue.catalogue import Catalogue
from stacks.catalogue.images import builds_for, generation
from stacks.catalogue.outside import write_bundle
from stacks.outputs import AwsOutputs
from stacks.preflight import docker as docker_preflight
from stacks.run_options import ContainerMode, OverwriteRequest, overwrite_request
from stacks.settings import ContainerSettings


def declare(catalogue: Catalogue, mode: ContainerMode) -> list[pulumi.Output[str]]:
    """Declare the containers. The result resolves when all services are ready and jobs are done."""
    if mode == "none":
        return []
    stack = catalogue.settings.stack
    hooks = CleanupHooks.for_stack(stack)
    network = Network(
        stack, catalogue.volumes, keep_volumes=catalogue.settings.keep_volumes, cleanup_hooks=hooks
    )
    if mode == "stopped":
        return []
    try:
        write_bundle(catalogue.settings)
    except OSError as error:
        raise pulumi.RunError(f"cannot write {error.filename}: {error.strerror}") from error
    public = {key: name for key, name in catalogue.images.items() if key not in catalogue.builds}
    ask = mode != "unasked"
    try:
        images = _declare_images(stack, public, catalogue.builds, ask=ask)
        drift = find_drift(stack, network_name(stack), catalogue.awaited) if ask else None
    except DockerEngineError as error:
        raise pulumi.RunError(str(error)) from error
    shared = SharedResources(stack, network.name, network.volumes, images.ids, hooks, drift)
    ends = _containers(with_overwrite(catalogue, overwrite_request()), shared)
    if ask and not pulumi.runtime.is_dry_run():
        pulumi.Output.all(*ends).apply(lambda _: _remove_replaced_images())
    return ends


def declare_builds_only(settings: ContainerSettings) -> None:
    """Declare the images that are built here, and keep the outputs of the last update.

    Raises pulumi.RunError where Docker cannot build.
    """
    preflight.require(docker_preflight.build_problems())
    _declare_images(settings.stack, {}, builds_for(settings), ask=True)
    outputs.export_last()


def export(catalogue: Catalogue, ends: Sequence[pulumi.Output[str]], *more: AwsOutputs) -> None:
    """Export the outputs, and write `.env` once `ends` have resolved."""
    values = outputs.export(*catalogue.outputs, *more, addresses=catalogue.urls)
    if pulumi.runtime.is_dry_run():
        return
    folder = Path(pulumi.get_root_directory())
    pulumi.Output.all(pulumi.Output.all(**values), *ends).apply(
        lambda resolved: _write_env_file(folder, resolved[0])
    )


def with_overwrite(catalogue: Catalogue, request: OverwriteRequest | None) -> Catalogue:
    """The catalogue whose jobs drop the requested schema first. Raises pulumi.RunError."""
    if request is None:
        return catalogue
    if request.job not in {job for one in catalogue.jobs for job in one.overwrites}:
        raise pulumi.RunError(f"job {request.job} has no schema to overwrite")
    return replace(catalogue, jobs=tuple(_with_overwrite(job, request) for job in catalogue.jobs))


def _with_overwrite(job: Job, request: OverwriteRequest) -> Job:
    overwrite = job.overwrites.get(request.job)
    if overwrite is None:
        return job

    def checked(host: str, word: str) -> str:
        request.require_host(host)
        return word

    first, *rest = overwrite.command
    return replace(job, command=(apply(checked, host=overwrite.host, word=first), *rest))


def _declare_images(
    stack: str, public: Mapping[str, str], builds: Mapping[str, Build], *, ask: bool
) -> Images:
    """The images; with `ask` the engine is queried for built ones that were removed by hand."""
    return Images(
        stack,
        public=public,
        built=builds,
        generations={key: generation(key, ask=ask) for key in builds},
    )


def _containers(catalogue: Catalogue, shared: SharedResources) -> list[pulumi.Output[str]]:
    dependencies: dict[str, pulumi.Input[pulumi.Resource]] = {}
    ids: dict[str, pulumi.Output[str]] = {}
    for workload in catalogue.in_order:
        depends_on = [dependencies[name] for name in catalogue.waits_for(workload)]
        if isinstance(workload, Service):
            service = ContainerService(workload, shared, depends_on=depends_on)
            dependencies[workload.name] = service.ready
            ids[workload.name] = service.container_id
        elif isinstance(workload, Job):
            redo_with = [ids[name] for name in workload.redo_with]
            needed = [catalogue.workloads[name] for name in workload.needs]
            job = OneShotJob(
                workload,
                shared,
                depends_on=depends_on,
                redo_with=redo_with,
                stores=[one for one in needed if isinstance(one, Service)],
            )
            dependencies[workload.name] = job.done
            ids[workload.name] = job.container_id
    # An id resolves before the service is ready or it is known whether the job succeeded.
    ends = [pulumi.Output.from_input(one) for one in dependencies.values()]
    return [*ids.values(), *(pulumi.Output.from_input(end).apply(lambda _: "") for end in ends)]


def _remove_replaced_images() -> None:
    """The next run tries again what fails, so a failure ends no `up` that has succeeded."""
    try:
        remove_replaced_images()
    except DockerEngineError as error:
        pulumi.log.warn(f"images that newer builds have replaced are still here: {error}")


def _write_env_file(folder: Path, values: Mapping[str, str]) -> None:
    try:
        env_file.write(folder, values)
    except OSError as error:
        raise pulumi.RunError(env_file.write_problem(folder, error)) from error
