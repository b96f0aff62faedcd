"""The containers of a stack in Docker, read only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from threading import Thread

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from components.docker_engine import SERVICE_LABEL, STACK_LABEL, DockerEngineError, docker_client
from tdeploy.errors import NoError, TdeployError


@dataclass(frozen=True)
class Container:
    """One container."""

    service: str
    name: str
    state: str
    """running, healthy, starting, unhealthy; done or failed for a job; else Docker's status."""
    is_job: bool
    image: str
    ports: tuple[int, ...]
    """Ports of 127.0.0.1."""

    @property
    def is_healthy(self) -> bool:
        """Whether a service runs and passes its check, if it has one, or a job has succeeded."""
        return self.state in {"running", "healthy", "done"}


def containers(stack: str) -> list[Container]:
    """Every container of the stack, services first. Raises TdeployError."""
    try:
        with docker_client() as client:
            label = {"label": f"{STACK_LABEL}={stack}"}
            listed = client.api.containers(all=True, filters=label)
            found = [_container(client.api.inspect_container(one["Id"])) for one in listed]
    except DockerEngineError as error:
        raise TdeployError(str(error)) from error
    return sorted(found, key=lambda one: (one.is_job, one.service))


def select(every: Sequence[Container], services: Sequence[str]) -> list[Container]:
    """The containers of these services, in order. Raises NoError for an unknown service."""
    by_service = {one.service: one for one in every}
    for name in services:
        if name not in by_service:
            raise NoError(f"unknown container {name}: use {', '.join(sorted(by_service))}")
    return [by_service[name] for name in dict.fromkeys(services)]


def log_lines(
    stack: str, services: Sequence[str], *, tail: int, follow: bool
) -> Iterator[tuple[str, str]]:
    """Service and line: the last `tail` lines of each service, with `follow` the new ones too.

    Raises NoError for a service without a container, TdeployError if Docker fails.
    """
    every = containers(stack)
    if not every:
        raise NoError(f"nothing of the stack {stack} runs: start it with `tdeploy services up`")
    chosen = select(every, services) or [one for one in every if not one.is_job]
    queue: Queue[tuple[str, str] | Exception | None] = Queue(maxsize=1000)
    for one in chosen:
        Thread(target=_read, args=(one, tail, follow, queue), daemon=True).start()
    running = len(chosen)
    while running:
        item = queue.get()
        if isinstance(item, Exception):
            raise TdeployError(str(item)) from item
        if item is None:
            running -= 1
        else:
            yield item


def _read(
    one: Container, tail: int, follow: bool, queue: "Queue[tuple[str, str] | Exception | None]"
) -> None:
    try:
        with docker_client() as client:
            rest = b""
            for chunk in client.api.logs(one.name, stream=True, follow=follow, tail=tail):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    queue.put((one.service, line.decode(errors="replace").rstrip()))
            if rest:
                queue.put((one.service, rest.decode(errors="replace")))
    except DockerEngineError as error:
        queue.put(error)
    else:
        queue.put(None)


def _container(document: object) -> Container:
    inspected = _Inspection.model_validate(document)
    is_job = inspected.host_config.restart_policy.name in {"", "no"}
    name = inspected.name.removeprefix("/")
    bindings = (
        one for some in (inspected.network_settings.ports or {}).values() for one in some or ()
    )
    return Container(
        service=(inspected.config.labels or {}).get(SERVICE_LABEL, name),
        name=name,
        state=_state(inspected.state, is_job),
        is_job=is_job,
        image=inspected.config.image,
        ports=tuple(sorted({int(binding["HostPort"]) for binding in bindings})),
    )


def _state(state: "_State", is_job: bool) -> str:
    if state.status == "exited" and is_job:
        return "failed" if state.exit_code else "done"
    health = state.health.status if state.health else "none"
    # Where the image has no check of its own, Docker says none or nothing.
    return health if state.status == "running" and health != "none" else state.status


class _DockerModel(BaseModel):
    """A part of Docker's answer, whose keys begin with a capital."""

    model_config = ConfigDict(alias_generator=to_pascal)


class _Health(_DockerModel):
    status: str


class _State(_DockerModel):
    status: str
    exit_code: int = 0
    health: _Health | None = None


class _Config(_DockerModel):
    image: str
    labels: dict[str, str] | None = None


class _RestartPolicy(_DockerModel):
    name: str


class _HostConfig(_DockerModel):
    restart_policy: _RestartPolicy


class _NetworkSettings(_DockerModel):
    ports: dict[str, list[dict[str, str]] | None] | None = None


class _Inspection(_DockerModel):
    name: str
    state: _State
    config: _Config
    host_config: _HostConfig
    network_settings: _NetworkSettings
