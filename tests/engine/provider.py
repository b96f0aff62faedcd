"""A stand-in for a provider plugin: Pulumi's provider protocol over gRPC, in this process.

The engine reaches it through PULUMI_DEBUG_PROVIDERS. It never says which version it wants, and
every provider resource of the package, default or explicit, talks to the same server:
configurations are told apart by the connection.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from tests.engine.resource_types import (
    Difference,
    HalfMadeError,
    Made,
    RefusedError,
    ResourceType,
)
from tests.engine.values import UNKNOWN, Properties, decode, encode, is_known

Function = Callable[[Properties], Properties]
"""A data source: its arguments to its result."""
_HALF_MADE = "__halfMade"
"""Marks a resource whose creation failed after it stood, so that the next update replaces it."""
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
        try:
            self._packages[context.peer()] = self._configured(decode(request.args))
        except RefusedError as error:
            _refuse(context, error)
        return messages.ConfigureResponse(supportsPreview=True)

    def _invoke(
        self, request: messages.InvokeRequest, context: grpc.ServicerContext
    ) -> messages.InvokeResponse:
        functions = self._packages[context.peer()].functions
        if request.tok not in functions:
            _refuse(context, RefusedError(f"the stand-in knows no function {request.tok}"))
        try:
            answer = functions[request.tok](decode(request.args))
        except RefusedError as error:
            _refuse(context, error)
        response = messages.InvokeResponse()
        # `return` is a word of Python: the field has no other way in.
        getattr(response, "return").CopyFrom(encode(answer))
        return response

    def _type(self, token: str, context: grpc.ServicerContext) -> ResourceType:
        types = self._packages[context.peer()].types
        if token not in types:
            _refuse(context, RefusedError(f"the stand-in knows no resource type {token}"))
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
            # As Terraform's bridge does it: only its own replacements are its concern, so that one
            # forced by a resource option has to say by itself what comes first.
            deleteBeforeReplace=found.delete_first and bool(found.replacing),
        )

    def _create(
        self, request: messages.CreateRequest, context: grpc.ServicerContext
    ) -> messages.CreateResponse:
        kind, inputs = self._type(request.type, context), decode(request.properties)
        if request.preview or not is_known(inputs):
            foreseen = {**dict.fromkeys(kind.computed, UNKNOWN), **inputs}
            return messages.CreateResponse(properties=encode(foreseen))
        try:
            made = kind.create(request.name, inputs)
        except HalfMadeError as error:
            _half_made(context, error)
        except RefusedError as error:
            _refuse(context, error)
        return messages.CreateResponse(id=made.identifier, properties=encode(made.outputs))

    def _read(
        self, request: messages.ReadRequest, context: grpc.ServicerContext
    ) -> messages.ReadResponse:
        old = _made(request.id, request.inputs, request.properties)
        try:
            now = self._type(request.type, context).read(old)
        except RefusedError as error:
            _refuse(context, error)
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
        try:
            made = self._type(request.type, context).update(old, inputs)
        except RefusedError as error:
            _refuse(context, error)
        return messages.UpdateResponse(properties=encode(made.outputs))

    def _delete(self, request: messages.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        old = _made(request.id, request.old_inputs, request.properties)
        try:
            self._type(request.type, context).delete(old)
        except RefusedError as error:
            _refuse(context, error)
        return Empty()


def _method(
    request: type[Request], behaviour: Callable[[Request, grpc.ServicerContext], Message]
) -> "grpc.RpcMethodHandler[Request, Message]":
    return grpc.unary_unary_rpc_method_handler(
        behaviour,
        request_deserializer=request.FromString,
        response_serializer=_serialized,
    )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _handshake(
    request: messages.ProviderHandshakeRequest, context: grpc.ServicerContext
) -> messages.ProviderHandshakeResponse:
    # Not accepting secrets: the engine then keeps track of them by itself.
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


def _refuse(context: grpc.ServicerContext, error: RefusedError) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort raises")


def _half_made(context: grpc.ServicerContext, error: HalfMadeError) -> NoReturn:
    """Answer with the engine's own message for a resource that stands but failed."""
    detail = AnyMessage()
    detail.Pack(
        messages.ErrorResourceInitFailed(
            id=error.made.identifier,
            inputs=encode(error.made.inputs),
            properties=encode({**error.made.outputs, _HALF_MADE: True}),
            reasons=[str(error)],
        )
    )
    code = grpc.StatusCode.UNKNOWN
    status = Status(code=code.value[0], message=str(error), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))
    raise AssertionError("abort raises")
