"""A one-shot job of the catalogue: done, or the `up` fails."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from components import docker_engine
from components.container import Surroundings, make_container
from components.service import Job, Text

_LAST_LINES = 20
REDO_LABEL = "io.copilot.redo-with"


class OneShotJob(pulumi.ComponentResource):
    """A container that runs to its end.

    `done` is its container, for `depends_on` of what needs the job: it only ever resolves when
    the job succeeded. A failed job logs its last lines and raises pulumi.RunError, and its
    container is removed, so that the next `up` runs it again.
    """

    done: pulumi.Output[pulumi.Resource]

    def __init__(
        self,
        job: Job,
        around: Surroundings,
        *,
        depends_on: Sequence[pulumi.Input[pulumi.Resource]] = (),
        redo_with: Sequence[Text] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:OneShotJob", job.name, None, opts)
        container = make_container(
            job, around, parent=self, depends_on=depends_on, labels=_redo_label(redo_with)
        )
        self.container_id = container.id
        self.done = pulumi.Output.all(container.exit_code, container.container_logs).apply(
            lambda result: _succeeded(job.name, around.container_name(job.name), container, *result)
        )
        self.register_outputs({"exit_code": container.exit_code})


def _redo_label(redo_with: Sequence[Text]) -> Mapping[str, Text]:
    if not redo_with:
        return {}
    # A label, because a new value of it replaces the container and so runs the job again.
    return {REDO_LABEL: pulumi.Output.all(*redo_with).apply(lambda ids: ",".join(map(str, ids)))}


def _succeeded(
    job: str, name: str, container: docker.Container, exit_code: int | None, logs: str | None
) -> pulumi.Resource:
    if exit_code == 0 or not docker_engine.may_have_container(name):
        # Without its container it failed in an earlier run, which said so; this one left it alone,
        # because it was about something else.
        return container
    lines = [line.rstrip() for line in (logs or "").splitlines() if line.strip()][-_LAST_LINES:]
    what = "did not end" if exit_code is None else f"failed with exit code {exit_code}"
    said = "it said nothing" if not lines else "its last lines:\n  " + "\n  ".join(lines)
    try:
        docker_engine.remove_container(name)
    except docker_engine.DockerEngineError as error:
        again = (
            f"remove its container with `docker rm -f {name}` ({error}) and run `pulumi up` again"
        )
    else:
        again = "mend the cause and run `pulumi up` again, which runs the job again"
    # At once, because the engine may stop this program for what fails in consequence, before it
    # could tell why it ended.
    pulumi.log.error(f"the job {job} {what}; {again}; {said}")
    raise pulumi.RunError(f"the job {job} {what}, as said above")
