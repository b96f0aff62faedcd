"""A provider plugin: Pulumi's provider protocol over gRPC, served in this process.

The engine reaches it through PULUMI_DEBUG_PROVIDERS, and asks for no version. All provider
resources of a package, default or explicit, call the same server, each over its own connection,
which identifies its configuration.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from tests.fakes.pulumi.resource_types import (
    Difference,
    HalfMadeError,
    Made,
    RefusedError,
    ResourceType,
)
from tests.fakes.pulumi.values import UNKNOWN, Properties, decode, encode, is_known

Function = Callable[[Properties], Properties]
"""A data source: its arguments to its result."""
_HALF_MADE = "__halfMade"
"""Marks a resource that was created and then failed, so that the next update replaces it."""
_THREADS = 32
Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True)
class Package:
    """The resource types and functions of one package, for one configuration."""

    types: Mapping[str, ResourceType]
    functions: Mapping[str, Function] = field(default_factory=dict)


Configured = Callable[[Properties], Package]
"""Makes the package of a provider's configuration; raises RefusedError where the real one would."""


@contextmanager
def serving(configured: Configured) -> Iterator[int]:
    """Serve a provider on 127.0.0.1; the value is its port."""
    provider = _Provider(configured)
    server = grpc.server(ThreadPoolExecutor(_THREADS))
    server.add_generic_rpc_handlers((provider.handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=1).wait()


class _Provider:
    def __init__(self, configured: Configured) -> None:
        self._configured = configured
        self._packages: dict[str, Package] = {}

    def handler(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            "pulumirpc.ResourceProvider",
            {
                "Handshake": _method(messages.ProviderHandshakeRequest, _handshake),
                "Attach": _method(plugin_pb2.PluginAttach, _nothing),
                "Cancel": _method(Empty, _nothing),
                "GetPluginInfo": _method(Empty, _plugin_info),
                "CheckConfig": _method(messages.CheckRequest, _check_config),
                "DiffConfig": _method(messages.DiffRequest, _diff_config),
                "Configure": _method(messages.ConfigureRequest, self._configure),
                "Invoke": _method(messages.InvokeRequest, self._invoke),
                "Check": _method(messages.CheckRequest, self._check),
                "Diff": _method(messages.DiffRequest, self._diff),
                "Create": _method(messages.CreateRequest, self._create),
                "Read": _method(messages.ReadRequest, self._read),
                "Update": _method(messages.UpdateRequest, self._update),
                "Delete": _method(messages.DeleteRequest, self._delete),
            },
        )

    def _configure(
        self, request: messages.ConfigureRequest, context: grpc.ServicerContext
    ) -> messages.ConfigureResponse:
        self._packages[context.peer()] = self._configured(decode(request.args))
        return messages.ConfigureResponse(supportsPreview=True)

    def _invoke(
        self, request: messages.InvokeRequest, context: grpc.ServicerContext
    ) -> messages.InvokeResponse:
        functions = self._packages[context.peer()].functions
        if request.tok not in functions:
            raise RefusedError(f"the fake has no function {request.tok}")
        answer = functions[request.tok](decode(request.args))
        response = messages.InvokeResponse()
        # `return` is a keyword of Python.
        getattr(response, "return").CopyFrom(encode(answer))
        return response

    def _type(self, token: str, context: grpc.ServicerContext) -> ResourceType:
        types = self._packages[context.peer()].types
        if token not in types:
            raise RefusedError(f"the fake has no resource type {token}")
        return types[token]

    def _check(
        self, request: messages.CheckRequest, context: grpc.ServicerContext
    ) -> messages.CheckResponse:
        kind = self._type(request.type, context)
        try:
            inputs = kind.check(request.name, decode(request.olds), decode(request.news))
        except RefusedError as error:
            return messages.CheckResponse(failures=[messages.CheckFailure(reason=str(error))])
        return messages.CheckResponse(inputs=encode(inputs))

    def _diff(
        self, request: messages.DiffRequest, context: grpc.ServicerContext
    ) -> messages.DiffResponse:
        old = _made(request.id, request.old_inputs, request.olds)
        news = decode(request.news)
        found = self._type(request.type, context).difference(old, news)
        if _HALF_MADE in old.outputs:
            found = Difference([*found.changed, _HALF_MADE], [_HALF_MADE], delete_first=True)
        some = messages.DiffResponse.DIFF_SOME
        return messages.DiffResponse(
            changes=some if found.changed else messages.DiffResponse.DIFF_NONE,
            diffs=found.changed,
            replaces=found.replacing,
            # As Terraform's bridge: only for replacements that it wants itself. One that a resource
            # option forces needs the option delete_before_replace.
            deleteBeforeReplace=found.delete_first and bool(found.replacing),
        )

    def _create(
        self, request: messages.CreateRequest, context: grpc.ServicerContext
    ) -> messages.CreateResponse:
        kind, inputs = self._type(request.type, context), decode(request.properties)
        if request.preview or not is_known(inputs):
            foreseen = {**dict.fromkeys(kind.computed, UNKNOWN), **inputs}
            return messages.CreateResponse(properties=encode(foreseen))
        made = kind.create(request.name, inputs)
        return messages.CreateResponse(id=made.identifier, properties=encode(made.outputs))

    def _read(
        self, request: messages.ReadRequest, context: grpc.ServicerContext
    ) -> messages.ReadResponse:
        old = _made(request.id, request.inputs, request.properties)
        now = self._type(request.type, context).read(old)
        if now is None:
            return messages.ReadResponse()
        outputs = now.outputs
        if _HALF_MADE in old.outputs:
            outputs = {**outputs, _HALF_MADE: True}
        return messages.ReadResponse(
            id=now.identifier, inputs=encode(now.inputs), properties=encode(outputs)
        )

    def _update(
        self, request: messages.UpdateRequest, context: grpc.ServicerContext
    ) -> messages.UpdateResponse:
        old = _made(request.id, request.old_inputs, request.olds)
        inputs = decode(request.news)
        if request.preview:
            return messages.UpdateResponse(properties=encode({**old.outputs, **inputs}))
        made = self._type(request.type, context).update(old, inputs)
        return messages.UpdateResponse(properties=encode(made.outputs))

    def _delete(self, request: messages.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        old = _made(request.id, request.old_inputs, request.properties)
        self._type(request.type, context).delete(old)
        return Empty()


def _method(
    request: type[Request], behaviour: Callable[[Request, grpc.ServicerContext], Message]
) -> "grpc.RpcMethodHandler[Request, Message]":
    def answer(message: Request, context: grpc.ServicerContext) -> Message:
        try:
            return behaviour(message, context)
        except RefusedError as error:
            if isinstance(error, HalfMadeError):
                _attach_half_made(context, error)
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise AssertionError("abort raises") from error

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=request.FromString, response_serializer=_serialized
    )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _handshake(
    request: messages.ProviderHandshakeRequest, context: grpc.ServicerContext
) -> messages.ProviderHandshakeResponse:
    # Without accept_secrets the engine marks secrets itself.
    del request, context
    return messages.ProviderHandshakeResponse()


def _made(identifier: str, inputs: Struct, outputs: Struct) -> Made:
    return Made(identifier, decode(inputs), decode(outputs))


def _nothing(request: Message, context: grpc.ServicerContext) -> Empty:
    del request, context
    return Empty()


def _plugin_info(request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
    del request, context
    return plugin_pb2.PluginInfo(version="9.9.9")


def _check_config(
    request: messages.CheckRequest, context: grpc.ServicerContext
) -> messages.CheckResponse:
    del context
    return messages.CheckResponse(inputs=request.news)


def _diff_config(
    request: messages.DiffRequest, context: grpc.ServicerContext
) -> messages.DiffResponse:
    del context
    changed = decode(request.old_inputs) != decode(request.news)
    some, none = messages.DiffResponse.DIFF_SOME, messages.DiffResponse.DIFF_NONE
    return messages.DiffResponse(changes=some if changed else none)


def _attach_half_made(context: grpc.ServicerContext, error: HalfMadeError) -> None:
    """Add the engine's own message for a resource that exists but failed."""
    detail = AnyMessage()
    detail.Pack(
        messages.ErrorResourceInitFailed(
            id=error.made.identifier,
            inputs=encode(error.made.inputs),
            properties=encode({**error.made.outputs, _HALF_MADE: True}),
            reasons=[str(error)],
        )
    )
    code: int = grpc.StatusCode.UNKNOWN.value[0]
    status = Status(code=code, message=str(error), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
