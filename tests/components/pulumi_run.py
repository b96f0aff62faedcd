"""A Pulumi program run on the SDK's mocks, as in production but without an engine."""

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
class Made:
    """One registered resource."""

    type: str
    name: str
    inputs: dict[str, Any]
    """Without the wrappers of secrets, whose top-level names are in `secret_inputs`."""
    secret_inputs: frozenset[str]
    request: Any
    """The raw request, for options that no input holds."""

    @property
    def depends_on(self) -> set[str]:
        """Names of the resources that it waits for."""
        return {urn.rsplit("::", 1)[-1] for urn in self.request.dependencies}


@dataclass
class Run:
    """What a program registered and exported."""

    resources: list[Made] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Ids of the resources that were read and not made."""
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Made]:
        """Resources of a type, by name."""
        return {made.name: made for made in self.resources if made.type == kind}

    def one(self, kind: str) -> Made:
        """The only resource of a type."""
        (made,) = self.of(kind).values()
        return made

    @property
    def containers(self) -> dict[str, Made]:
        return self.of(CONTAINER)


class Answers(pulumi.runtime.Mocks):
    """A stand-in for both providers: ids, and the outputs that a program goes on with."""

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
    """Keeps the raw registrations, which hold what the mocks do not see."""

    def __init__(self, answers: pulumi.runtime.Mocks, run: Run) -> None:
        super().__init__(answers)
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
        self._run.resources.append(Made(request.type, request.name, plain, secret, request))
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
    """A loop for a worker thread in which the mocks would make one and leave it open."""
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
    answers: pulumi.runtime.Mocks | None = None,
    preview: bool = False,
    folder: Path = Path(),
) -> Run:
    """Run `program` as the stack's whole program, in a thread, loop and context of its own."""

    def inside() -> Run:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        made = Run()
        monitor = Monitor(answers or Answers(), made)
        pulumi.runtime.set_mocks(
            answers or Answers(),
            project=PROJECT,
            stack=stack,
            preview=preview,
            monitor=monitor,
            # What every state in files is called to belong to.
            organization="organization",
        )
        settings.SETTINGS.root_directory = str(folder)
        every = {**(configuration or {}), **(secrets or {})}
        config.set_all_config(
            {f"{PROJECT}:{key}": value for key, value in every.items()},
            [f"{PROJECT}:{key}" for key in secrets or {}],
        )
        settings.ROOT.set(None)
        # As the language host does: what a failed program leaves unawaited is no news.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        try:
            loop.run_until_complete(run_in_stack(lambda: _without_result(program)))
        finally:
            # What a failed program leaves would be awaited by the next one.
            settings.SETTINGS.outputs.clear()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.close()
            asyncio.set_event_loop(None)
        return made

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(contextvars.copy_context().run, inside).result()


def _without_result(program: Callable[[], object]) -> None:
    program()
