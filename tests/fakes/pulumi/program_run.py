"""One run of the Pulumi program, as a process of the fake language host.

`python program_run.py BOX ENGINE` reads the file `request` in the folder BOX, and leaves the
`response` beside it.
"""

import os
import runpy
import sys
from pathlib import Path
from typing import Any

from pulumi import RunError, log
from pulumi.automation._server import LanguageServer
from pulumi.runtime import settings
from pulumi.runtime.proto import language_pb2 as messages


def main(box: Path, engine_address: str) -> None:
    request = messages.RunRequest.FromString((box / "request").read_bytes())
    request.args.insert(0, engine_address)
    folder = Path(request.pwd or request.info.program_directory)
    os.chdir(folder)
    entry = folder / (request.info.entry_point or ".") / "__main__.py"
    # As if the interpreter had started the program: its folder comes first, not this one.
    sys.argv[:] = [str(entry)]
    sys.path[0] = str(entry.parent)
    server: Any = LanguageServer(lambda: _main(entry, request.info.root_directory))
    try:
        failed = bool(server.Run(request, None).error)
    except RunError:
        # The server of inline programs then awaits what is left, and that may end with the same
        # error; the host of programs does not.
        failed = True
    # The program has logged its error to the engine already.
    response = messages.RunResponse(bail=failed)
    (box / "response").write_bytes(response.SerializeToString())


def _main(entry: Path, root_directory: str) -> None:
    # The server of inline programs knows no project folder.
    settings.SETTINGS.root_directory = root_directory
    # Each debug message is a call of the engine, which drops it: half a second of CPU a run.
    vars(log)["debug"] = lambda *_arguments, **_options: None
    runpy.run_path(str(entry), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
