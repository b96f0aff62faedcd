"""A one-shot job: it succeeds, or the `up` fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components import docker_engine
from components.container import SharedResources, advice_on_data, create_container
from components.workload import Job, Service

_LAST_LINES = 20
REDO_LABEL = "io.copilot.redo-with"


class OneShotJob(pulumi.ComponentResource):
    """A container that runs to its end.

    `stores` are the services whose data it needs. `done` is its container, for `depends_on`; it
    resolves only when the job has succeeded. A failed job logs its last lines and raises
    pulumi.RunError, and its container is removed, so that the next `up` runs the job again.
    """

    done: pulumi.Output[pulumi.Resource]

    def __init__(
        self,
        job: Job,
        shared: SharedResources,
        *,
        depends_on: Sequence[pulumi.Input[pulumi.Resource]] = (),
        redo_with: Sequence[pulumi.Input[str]] = (),
        stores: Sequence[Service] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:OneShotJob", job.name, None, opts)
        container = create_container(
            job, shared, parent=self, depends_on=depends_on, labels=_redo_label(redo_with)
        )
        self.container_id = container.id
        ends = pulumi.Output.all(container.id, container.exit_code, container.container_logs)
        advice = advice_on_data(stores, shared)
        self.done = ends.apply(
            lambda end: _succeeded(job.name, shared, container, _End(*end), advice)
        )
        self.register_outputs({"exit_code": container.exit_code})


def _redo_label(redo_with: Sequence[pulumi.Input[str]]) -> Mapping[str, pulumi.Input[str]]:
    if not redo_with:
        return {}
    # A new value of a label replaces the container, which runs the job again.
    return {REDO_LABEL: pulumi.Output.all(*redo_with).apply(lambda ids: ",".join(map(str, ids)))}


@dataclass(frozen=True)
class _End:
    identifier: str
    exit_code: int | None
    logs: str | None


def _succeeded(
    job: str, shared: SharedResources, container: docker.Container, end: _End, advice: str
) -> pulumi.Resource:
    name = shared.container_name(job)
    if end.exit_code == 0 or shared.drift is None or end.identifier in shared.drift.faulty:
        return container
    if not docker_engine.may_have_container(name):
        # A job without a container failed in an earlier run, which reported it; this run, of other
        # targets, did not run the job.
        return container
    lines = [line.rstrip() for line in (end.logs or "").splitlines() if line.strip()][-_LAST_LINES:]
    what = "did not end" if end.exit_code is None else f"failed with exit code {end.exit_code}"
    log = "\n  ".join(["its last lines:", *lines]) if lines else "its log is empty"
    try:
        docker_engine.remove_container(name)
    except docker_engine.DockerEngineError as error:
        fix = f"remove its container with `docker rm -f {name}` ({error}), then run `pulumi up`"
    else:
        fix = "fix the cause, then run `pulumi up`, which runs the job again"
    # Logged at once: the engine may stop this program before it reports the exception.
    pulumi.log.error(f"the job {job} {what}; {fix}{advice}; {log}")
    raise pulumi.RunError(f"the job {job} {what}; its log is above")
