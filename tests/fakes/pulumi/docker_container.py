"""`docker.Container` of Pulumi's docker provider, on any Docker engine.

As measured on the real provider (5.2.0, engine 20.10), it reads back and compares some inputs and
never environment, labels, uploads, networks and image; nearly every change replaces the container,
the old one first; a failed job and an unhealthy service stay; a stopped one has no ports, and one
that publishes none is started in place.
tests/engine/test_docker_fake.py has a test for each of these facts.
"""

import time
from contextlib import suppress
from typing import Any

from docker.errors import APIError, NotFound

import docker
from tests.fakes.pulumi.docker_container_options import create_options, read_back, upload_archive
from tests.fakes.pulumi.resource_types import (
    Difference,
    HalfMadeError,
    Made,
    RefusedError,
    ResourceType,
)
from tests.fakes.pulumi.values import Properties

_IN_PLACE = {
    "restart",
    "memory",
    "memorySwap",
    "mustRun",
    # Accepted without a replacement and without any effect on the running container.
    "attach",
    "destroyGraceSeconds",
    "healthcheck",
    "logs",
    "wait",
    "waitTimeout",
}
_UPDATED_IN_THE_ENGINE = {"restart", "memory", "memorySwap"}
# What a missing input means, where the provider compares what it read with it all the same.
_DEFAULTS: Properties = {
    "capabilities": {},
    "hosts": [],
    "logOpts": {},
    "memory": 0,
    "memorySwap": 0,
    "mustRun": True,
    "networkMode": "bridge",
    "ports": [],
    "restart": "no",
    "ulimits": [],
}
# Compared only where the program gives them: the engine fills in the image's own.
_COMPARED_IF_GIVEN = {
    "command",
    "entrypoints",
    "healthcheck",
    "hostname",
    "logDriver",
    "name",
    "stopTimeout",
    "user",
}
_ENTRY_DEFAULTS: dict[str, Properties] = {
    "capabilities": {"adds": [], "drops": []},
    "ports": {"ip": "0.0.0.0", "protocol": "tcp"},  # noqa: S104
    "healthcheck": {"interval": "0s", "timeout": "0s", "startPeriod": "0s", "retries": 0},
}
_SETS = {
    "envs",
    "ports",
    "uploads",
    "labels",
    "volumes",
    "ulimits",
    "hosts",
    "networksAdvanced",
    "adds",
    "aliases",
    "drops",
}
_WAIT_SECONDS = 60


class Container(ResourceType):
    """Containers of one engine. `poll_seconds`: between two queries of a container's health."""

    computed = frozenset(
        {"bridge", "containerLogs", "exitCode", "networkDatas", "hostname", "image", "labels"}
    )

    def __init__(self, engine: docker.APIClient, poll_seconds: float) -> None:
        self._engine = engine
        # Two of its methods have no types.
        self._untyped: Any = engine
        self._poll_seconds = poll_seconds

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        own_name = old_inputs.get("name", f"{name}-0a1b2c3")
        return {"name": own_name, "restart": "no", **inputs}

    def difference(self, old: Made, inputs: Properties) -> Difference:
        changed = {
            key
            for key in {*old.inputs, *inputs}
            if _comparable(key, old.inputs.get(key)) != _comparable(key, inputs.get(key))
        }
        changed |= set(_drifted(old.outputs, inputs))
        return Difference(sorted(changed), sorted(changed - _IN_PLACE), delete_first=True)

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        identifier = self._created(inputs)
        try:
            self._connect(identifier, inputs)
            for upload in inputs.get("uploads", []):
                self._engine.put_archive(identifier, "/", upload_archive(upload))
            logs = self._started(identifier, inputs)
        except (APIError, RefusedError) as error:
            message = str(error)
            if isinstance(error, APIError):
                message = f"Unable to start container: {error.explanation}"
            raise HalfMadeError(message, Made(identifier, inputs, inputs)) from error
        made = self.read(Made(identifier, inputs, {**inputs, "containerLogs": logs}))
        if made is None:
            raise RefusedError("container failed to be created")
        if inputs.get("mustRun", True) and not made.outputs["mustRun"]:
            self._engine.remove_container(identifier, force=True, v=True)
            raise RefusedError("container exited immediately")
        return made

    def read(self, old: Made) -> Made | None:
        try:
            inspected = self._engine.inspect_container(old.identifier)
        except NotFound:
            return None
        except APIError as error:
            raise _refused("error fetching container information from Docker", error) from error
        read = read_back(inspected, old.inputs.get("mustRun", True))
        inputs = {key: _as_asked(key, value, read) for key, value in old.inputs.items()}
        return Made(old.identifier, inputs, {**old.outputs, **read})

    def update(self, old: Made, inputs: Properties) -> Made:
        if any(old.outputs.get(key) != inputs.get(key) for key in _UPDATED_IN_THE_ENGINE):
            self._change(old.identifier, inputs)
        if inputs.get("mustRun", True) and not old.outputs.get("mustRun", True):
            # Started, and not waited for.
            self._engine.start(old.identifier)
        planned = {"memorySwap": 0, **inputs}
        return Made(old.identifier, inputs, {**old.outputs, **planned})

    def delete(self, old: Made) -> None:
        try:
            grace = old.inputs.get("destroyGraceSeconds", 0)
            if grace and not old.inputs.get("attach"):
                self._engine.stop(old.identifier, timeout=grace)
            self._engine.remove_container(old.identifier, force=True, v=True)
        except APIError as error:
            raise _refused(f"Error deleting container {old.identifier}", error) from error

    def _created(self, inputs: Properties) -> str:
        try:
            self._untyped.inspect_image(inputs["image"])
        except APIError as error:
            raise _refused(
                f"Unable to create container with image {inputs['image']}", error
            ) from error
        try:
            answer = self._untyped.create_container_from_config(
                create_options(inputs), name=inputs["name"]
            )
        except APIError as error:
            raise _refused("Unable to create container", error) from error
        return str(answer["Id"])

    def _connect(self, identifier: str, inputs: Properties) -> None:
        networks = inputs.get("networksAdvanced", [])
        if networks:
            # A container that was never on the default network is no fault.
            with suppress(APIError):
                self._engine.disconnect_container_from_network(identifier, "bridge")
        for network in networks:
            self._engine.connect_container_to_network(
                identifier, network["name"], aliases=network.get("aliases", [])
            )

    def _started(self, identifier: str, inputs: Properties) -> str | None:
        self._engine.start(identifier)
        if inputs.get("wait"):
            self._await_health(identifier, inputs.get("waitTimeout", _WAIT_SECONDS))
        if not inputs.get("attach"):
            return None
        self._engine.wait(identifier)
        if not inputs.get("logs"):
            return None
        return self._engine.logs(identifier).decode(errors="replace")

    def _await_health(self, identifier: str, seconds: int) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            health = self._engine.inspect_container(identifier)["State"].get("Health")
            if health is None:
                raise RefusedError("you need to supply a healthcheck to wait for")
            if health["Status"] == "healthy":
                return
            time.sleep(self._poll_seconds)
        raise RefusedError("container failed to be in healthy state")

    def _change(self, identifier: str, inputs: Properties) -> None:
        swap = inputs.get("memorySwap", 0)
        try:
            self._engine.update_container(
                identifier,
                mem_limit=f"{inputs.get('memory', 0)}m",
                memswap_limit=f"{swap}m" if swap > 0 else None,
                restart_policy={"Name": inputs.get("restart", "no"), "MaximumRetryCount": 0},
            )
        except APIError as error:
            raise _refused("Unable to update a container", error) from error


def _drifted(outputs: Properties, inputs: Properties) -> list[str]:
    """The keys whose value, as last read, is not what the program wants."""
    wanted = {**_DEFAULTS, **{key: inputs[key] for key in _COMPARED_IF_GIVEN if key in inputs}}
    wanted |= {key: inputs[key] for key in _DEFAULTS if key in inputs}
    # An empty user means the image's own.
    wanted = {key: value for key, value in wanted.items() if value or key != "user"}
    return [
        key
        for key, value in wanted.items()
        if key in outputs and _comparable(key, outputs[key]) != _comparable(key, value)
    ]


def _as_asked(key: str, value: object, read: Properties) -> object:
    """The current value of an input: as the program wrote it, unless another was read."""
    if key not in read or _comparable(key, read[key]) == _comparable(key, value):
        return value
    return read[key]


def _comparable(key: str, value: object) -> object:
    """The value with its defaults, and sets in one order."""
    if isinstance(value, dict):
        return _comparable_entry(key, value)
    if not isinstance(value, list):
        return value
    entries = [_comparable_entry(key, v) if isinstance(v, dict) else v for v in value]
    return sorted(entries, key=repr) if key in _SETS else entries


def _comparable_entry(key: str, entry: Properties) -> Properties:
    full = {**_ENTRY_DEFAULTS.get(key, {}), **entry}
    # Sorted, because messages keep no order of keys, and sets are ordered by their entries' text.
    return {inner: _comparable(inner, full[inner]) for inner in sorted(full)}


def _refused(what: str, error: APIError) -> RefusedError:
    return RefusedError(f"{what}: Error response from daemon: {error.explanation}")
