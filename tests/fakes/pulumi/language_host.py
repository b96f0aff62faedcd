"""Pulumi's Python language host, for a CLI beside which the real one is not installed.

The CLI starts it as an executable named `pulumi-language-python`. As with the real one, each run of
the program is a process, its prints, tracebacks and exit code reach the CLI, and Ctrl-C ends it.
It has no policy packs and no dynamic providers.
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
from pulumi import RunError, log
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
    # The host ends with its CLI, also with one that was killed.
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
    # As if the interpreter had started the program: its folder comes first, not this one.
    sys.argv[:] = [str(entry)]
    sys.path[0] = str(entry.parent)
    server: Any = LanguageServer(lambda: _main(entry, request.info.root_directory))
    try:
        response = server.Run(request, None)
    except RunError as error:
        # The error is logged. The server of inline programs then awaits what is left, and that may
        # end with the same error; the host of programs does not.
        response = messages.RunResponse(error=str(error))
    (box / "response").write_bytes(response.SerializeToString())


def _main(entry: Path, root_directory: str) -> None:
    # The server of inline programs knows no project folder.
    settings.SETTINGS.root_directory = root_directory
    # Each debug message is a call of the engine, which drops it: half a second of CPU a run.
    vars(log)["debug"] = lambda *_arguments, **_options: None
    runpy.run_path(str(entry), run_name="__main__")


def _run(engine_address: str) -> Behaviour:
    def run(request: messages.RunRequest, _context: grpc.ServicerContext) -> messages.RunResponse:
        request.args.insert(0, engine_address)
        # In the command's home, which is removed with what a kill leaves in it.
        with tempfile.TemporaryDirectory(
            prefix="run-", dir=os.environ.get("PULUMI_HOME")
        ) as folder:
            box = Path(folder)
            (box / "request").write_bytes(request.SerializeToString())
            subprocess.run([sys.executable, __file__, _CHILD, folder], check=False)
            answer = box / "response"
            if not answer.is_file():
                return messages.RunResponse(error="the program ended without a response")
            response = messages.RunResponse.FromString(answer.read_bytes())
        # The program has logged its error to the engine already.
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
