"""Pulumi programs run on the SDK's mocks, without an engine."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config, mocks, rpc, settings
from pulumi.runtime.stack import run_in_stack

PROJECT = "copilot"
CONTAINER = "docker:index/container:Container"


@dataclass
class RegisteredResource:
    """One registered resource."""

    type: str
    name: str
    inputs: dict[str, Any]
    """Without the wrappers of secrets; `secret_inputs` has their top-level names."""
    secret_inputs: frozenset[str]
    request: Any
    """The raw request, for options that are not inputs."""

    @property
    def depends_on(self) -> set[str]:
        """Names of the resources that it waits for."""
        return {urn.rsplit("::", 1)[-1] for urn in self.request.dependencies}


@dataclass
class Run:
    """The resources that a program registered and the outputs that it exported."""

    resources: list[RegisteredResource] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Ids of the resources that were read and not registered."""
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, RegisteredResource]:
        """Resources of a type, by name."""
        return {one.name: one for one in self.resources if one.type == kind}

    def one(self, kind: str) -> RegisteredResource:
        """The only resource of a type."""
        (resource,) = self.of(kind).values()
        return resource

    @property
    def containers(self) -> dict[str, RegisteredResource]:
        return self.of(CONTAINER)


class FakeProviders(pulumi.runtime.Mocks):
    """Fake providers: ids, and the computed outputs that a program needs."""

    def __init__(
        self, outputs: Mapping[str, Mapping[str, Any]] | None = None, *, jobs_end: bool = True
    ) -> None:
        self._outputs = outputs or {}
        self._jobs_end = jobs_end

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        computed: dict[str, Any] = {}
        if args.typ == CONTAINER and self._jobs_end and not args.inputs.get("mustRun"):
            computed = {"exitCode": 0, "containerLogs": "done\n"}
        elif args.typ == "docker:index/remoteImage:RemoteImage":
            computed = {"imageId": f"sha256:{args.name}"}
        elif args.typ == "aws:dsql/cluster:Cluster":
            computed = {"identifier": f"{args.name}id", "arn": f"arn:{args.name}"}
        elif args.typ == "docker:index/image:Image":
            computed = {"repoDigest": f"sha256:{args.name}"}
        return f"{args.name}-id", {**args.inputs, **computed, **self._outputs.get(args.name, {})}

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return dict(self._outputs.get(args.token, {})), []


class Monitor(mocks.MockMonitor):
    """Records the raw registrations, which have options that mocks do not get."""

    def __init__(self, providers: pulumi.runtime.Mocks, run: Run) -> None:
        super().__init__(providers)
        self._run = run

    def Invoke(self, request: Any) -> Any:  # noqa: N802, ANN401
        with _own_loop():
            return self._upstream.Invoke(request)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802, ANN401
        self._run.read.append(request.id)
        with _own_loop():
            return self._upstream.ReadResource(request)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802, ANN401
        with _own_loop():
            response = self._upstream.RegisterResource(request)
        inputs = rpc.deserialize_properties(request.object)
        secret = frozenset(name for name, value in inputs.items() if rpc.is_rpc_secret(value))
        plain = {name: rpc.unwrap_rpc_secret(value) for name, value in inputs.items()}
        self._run.resources.append(
            RegisteredResource(request.type, request.name, plain, secret, request)
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802, ANN401
        if request.urn.endswith(f"pulumi:pulumi:Stack::{PROJECT}-{pulumi.get_stack()}"):
            self._run.outputs.update(rpc.deserialize_properties(request.outputs))
        return self._upstream.RegisterResourceOutputs(request)

    @property
    def _upstream(self) -> Any:  # noqa: ANN401
        # Its methods have no types.
        return super()


@contextmanager
def _own_loop() -> Iterator[None]:
    """A loop for a worker thread, where the mocks would create one and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def run(
    program: Callable[[], object],
    *,
    stack: str = "local",
    configuration: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    providers: pulumi.runtime.Mocks | None = None,
    preview: bool = False,
    folder: Path = Path(),
) -> Run:
    """Run `program` as the program of the stack, in a new thread, loop and context."""

    def inside() -> Run:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        result = Run()
        monitor = Monitor(providers or FakeProviders(), result)
        pulumi.runtime.set_mocks(
            providers or FakeProviders(),
            project=PROJECT,
            stack=stack,
            preview=preview,
            monitor=monitor,
            # The organization of every state in files.
            organization="organization",
        )
        settings.SETTINGS.root_directory = str(folder)
        every = {**(configuration or {}), **(secrets or {})}
        config.set_all_config(
            {f"{PROJECT}:{key}": value for key, value in every.items()},
            [f"{PROJECT}:{key}" for key in secrets or {}],
        )
        settings.ROOT.set(None)
        # As the language host does: a failed program leaves tasks that nobody awaits.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        try:
            loop.run_until_complete(run_in_stack(lambda: _without_result(program)))
        finally:
            # The next program would await what a failed one leaves.
            settings.SETTINGS.outputs.clear()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.close()
            asyncio.set_event_loop(None)
        return result

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(contextvars.copy_context().run, inside).result()


def _without_result(program: Callable[[], object]) -> None:
    program()
