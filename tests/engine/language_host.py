"""A stand-in for Pulumi's Python language host: runs a project's program as the real one does.

A file of its own, started by the CLI through an executable named `pulumi-language-python`. Every
run of the program is a process of its own. It leaves out policy packs and dynamic providers.
"""

import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.automation._server import LanguageServer
from pulumi.runtime import settings
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import plugin_pb2

_CHILD = "--run"
_THREADS = 8
_ORPHAN_CHECK_SECONDS = 2.0
Behaviour = Callable[[Any, grpc.ServicerContext], Message]


def main() -> None:
    if sys.argv[1:2] == [_CHILD]:
        _run_program(Path(sys.argv[2]))
        return
    server = grpc.server(ThreadPoolExecutor(_THREADS))
    server.add_generic_rpc_handlers((_handler(engine_address=sys.argv[-1]),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stopped, parent = threading.Event(), os.getppid()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stopped.set())
    # The CLI reads the port from the first line.
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A CLI that was killed tells nobody, and its host must not outlive it.
    while not stopped.wait(_ORPHAN_CHECK_SECONDS) and os.getppid() == parent:
        pass
    server.stop(grace=1).wait()
    # A call that waits for a killed engine would hold its thread, and so the process.
    os._exit(0)


def _run_program(box: Path) -> None:
    """Run the program that `request` describes and leave the engine's `response` beside it."""
    request = messages.RunRequest.FromString((box / "request").read_bytes())
    folder = Path(request.pwd or request.info.program_directory)
    os.chdir(folder)
    entry = folder / (request.info.entry_point or ".") / "__main__.py"
    # As if the interpreter had been started with the program: its folder comes first, not this one.
    sys.argv[:] = [str(entry)]
    sys.path[0] = str(entry.parent)
    server: Any = LanguageServer(lambda: _main(entry, request.info.root_directory))
    (box / "response").write_bytes(server.Run(request, None).SerializeToString())


def _main(entry: Path, root_directory: str) -> None:
    # The server of inline programs knows no project folder.
    settings.SETTINGS.root_directory = root_directory
    runpy.run_path(str(entry), run_name="__main__")


def _run(engine_address: str) -> Behaviour:
    def run(request: messages.RunRequest, _context: grpc.ServicerContext) -> messages.RunResponse:
        request.args.insert(0, engine_address)
        # In the command's own home: what a kill leaves behind goes with it.
        with tempfile.TemporaryDirectory(
            prefix="run-", dir=os.environ.get("PULUMI_HOME")
        ) as folder:
            box = Path(folder)
            (box / "request").write_bytes(request.SerializeToString())
            subprocess.run([sys.executable, __file__, _CHILD, folder], check=False)
            answer = box / "response"
            if not answer.is_file():
                return messages.RunResponse(error="the program ended without an answer")
            response = messages.RunResponse.FromString(answer.read_bytes())
        # The program has told the engine of its error already.
        return messages.RunResponse(bail=True) if response.error else response

    return run


def _handler(engine_address: str) -> grpc.GenericRpcHandler:
    about = messages.AboutResponse(executable=sys.executable, version=sys.version.split()[0])
    answers = {
        "Handshake": messages.LanguageHandshakeResponse(),
        "GetRequiredPlugins": messages.GetRequiredPluginsResponse(),
        "GetRequiredPackages": messages.GetRequiredPackagesResponse(),
        "RuntimeOptionsPrompts": messages.RuntimeOptionsResponse(),
        "GetPluginInfo": plugin_pb2.PluginInfo(version="0.0.1"),
        "About": about,
        "GetProgramDependencies": messages.GetProgramDependenciesResponse(),
        "Cancel": Empty(),
    }
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        name: grpc.unary_unary_rpc_method_handler(_always(answer), response_serializer=_serialized)
        for name, answer in answers.items()
    }
    handlers["Run"] = grpc.unary_unary_rpc_method_handler(
        _run(engine_address),
        request_deserializer=messages.RunRequest.FromString,
        response_serializer=_serialized,
    )
    handlers["InstallDependencies"] = grpc.unary_stream_rpc_method_handler(
        _nothing_to_install, response_serializer=_serialized
    )
    return grpc.method_handlers_generic_handler("pulumirpc.LanguageRuntime", handlers)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _always(answer: Message) -> Behaviour:
    return lambda _request, _context: answer


def _nothing_to_install(
    _request: bytes, _context: grpc.ServicerContext
) -> Iterator[messages.InstallDependenciesResponse]:
    yield from ()


if __name__ == "__main__":
    main()
