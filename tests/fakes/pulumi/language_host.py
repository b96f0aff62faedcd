"""Pulumi's Python language host, for a CLI beside which the real one is not installed.

The CLI starts it as an executable named `pulumi-language-python`. As with the real one, each run of
the program is a process, its prints, tracebacks and exit code reach the CLI, and Ctrl-C ends it.
It has no policy packs and no dynamic providers.

Each command of the CLI starts one or two. Without Pulumi's SDK, which only the program needs, a
start takes a third of the CPU time; so the messages here are bytes.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

_PROGRAM = Path(__file__).with_name("program_run.py")
_THREADS = 8
_ORPHAN_CHECK_SECONDS = 2.0
_EMPTY = b""
"""A message of any type whose fields have their defaults."""
_EMPTY_ANSWERS = (
    "About",
    "Cancel",
    "GetPluginInfo",
    "GetProgramDependencies",
    "GetRequiredPackages",
    "GetRequiredPlugins",
    "Handshake",
    "RuntimeOptionsPrompts",
)
Behaviour = Callable[[bytes, grpc.ServicerContext], bytes]


def main() -> None:
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


def _run(engine_address: str) -> Behaviour:
    def run(request: bytes, context: grpc.ServicerContext) -> bytes:
        # In the command's home, which is removed with what a kill leaves in it.
        with tempfile.TemporaryDirectory(
            prefix="run-", dir=os.environ.get("PULUMI_HOME")
        ) as folder:
            box = Path(folder)
            (box / "request").write_bytes(request)
            subprocess.run([sys.executable, _PROGRAM, folder, engine_address], check=False)
            answer = box / "response"
            if answer.is_file():
                return answer.read_bytes()
        return context.abort(grpc.StatusCode.ABORTED, "the program ended without a response")

    return run


def _handler(engine_address: str) -> grpc.GenericRpcHandler:
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        name: grpc.unary_unary_rpc_method_handler(lambda _request, _context: _EMPTY)
        for name in _EMPTY_ANSWERS
    }
    handlers["Run"] = grpc.unary_unary_rpc_method_handler(_run(engine_address))
    handlers["InstallDependencies"] = grpc.unary_stream_rpc_method_handler(_nothing_to_install)
    return grpc.method_handlers_generic_handler("pulumirpc.LanguageRuntime", handlers)


def _nothing_to_install(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
    yield from ()


if __name__ == "__main__":
    main()
