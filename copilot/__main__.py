"""`python -m copilot`: commands on the history and the sources of a cluster.

The processes have entries of their own: `python -m copilot.worker` and `python -m copilot.api`.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from copilot.errors import CopilotError


class Command(NamedTuple):
    """Its module has `add_arguments(parser)` and `run(options)`; imported when it is called."""

    module: str
    help: str
    example: str


COMMANDS = {
    "check": Command(
        "copilot.check",
        "say whether metrics store, frontend and Loki of each cluster can be used",
        "python -m copilot check",
    ),
    "discover": Command(
        "copilot.discover.command",
        "propose the cluster file of each Temporal cluster in a metrics store",
        "python -m copilot discover --metrics http://127.0.0.1:9090 --frontend 127.0.0.1:7233",
    ),
    "replay": Command(
        "copilot.replay.command",
        "evaluate a file of snapshots again, also by other limits",
        "python -m copilot replay past.jsonl --thresholds limits.yaml",
    ),
    "export": Command(
        "copilot.replay.export",
        "write the stored snapshots of a cluster as a file for replay",
        "python -m copilot export --from 2026-11-28 --to 2026-11-29 past.jsonl",
    ),
}
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    parser = ArgumentParser(
        prog="python -m copilot", description="Work on a cluster's history, and check its sources."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        example = f"Example: {command.example}"
        help_ = command.help
        its = commands.add_parser(name, help=help_, description=help_.capitalize(), epilog=example)
        if name in arguments:
            module = import_module(command.module)
            module.add_arguments(its)
            its.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except CopilotError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BrokenPipeError:
        # The reader, such as `head`, has read enough.
        _leave_stdout()
        return 0
    except OSError as error:
        _leave_stdout()
        print(f"error: cannot write to stdout: {error.strerror}", file=sys.stderr)  # noqa: T201
        return CopilotError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _leave_stdout() -> None:
    """Keep the interpreter from writing to a broken stdout while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
