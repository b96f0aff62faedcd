"""`python -m copilot discover`: proposes the file of each cluster that a metrics store has."""

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from copilot import process
from copilot import settings as environment
from copilot.discover import document
from copilot.discover.clusters import find
from copilot.errors import FileError, SourceError


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--metrics",
        metavar="URL",
        default="",
        help="base URL of the metrics store, without /api/v1 (default: PROMETHEUS_ENDPOINT);"
        " it is read with COPILOT_METRICS_*",
    )
    parser.add_argument(
        "--frontend",
        metavar="HOST:PORT",
        default="",
        help="the cluster's frontend, for its namespaces; it is asked with COPILOT_MONITORED_*",
    )
    parser.add_argument(
        "--cluster", metavar="NAME", default="", help="the cluster to propose, of several"
    )
    parser.add_argument(
        "--output",
        metavar="PATH",
        default="",
        help="file to write, or a folder (it exists, or PATH ends in /) for a file a cluster"
        " (default: standard output)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> int:
    """Returns the exit code: 1 if a cluster was found that cannot be judged yet.

    Raises a CopilotError where nothing can be proposed.
    """
    given = {"PROMETHEUS_ENDPOINT": options.metrics, "MONITORED_TEMPORAL_ADDRESS": options.frontend}
    settings = environment.load_sources({name: value for name, value in given.items() if value})
    process.start_logging("WARNING")
    path = Path(options.output) if options.output else None
    folder = path if path and (options.output.endswith("/") or path.is_dir()) else None
    every = bool(folder or options.json) and not options.cluster
    result = asyncio.run(
        find(settings, frontend=options.frontend, cluster=options.cluster, every=every)
    )
    texts = {one.name: document.as_yaml(one) for one in result.proposals}
    if folder:
        for name, text in texts.items():
            _write(folder / f"{name}.yaml", text)
    elif path:
        _write(path, "".join(texts.values()))
    if options.json:
        sys.stdout.write(f"{json.dumps([document.as_json(one) for one in result.proposals])}\n")
    elif not path:
        sys.stdout.writelines(texts.values())
    for problem in result.problems:
        print(f"error: {process.one_line(problem)}", file=sys.stderr)  # noqa: T201
    return SourceError.exit_code if result.problems else 0


def _write(path: Path, text: str) -> None:
    """Raises FileError; a file that is there may have been changed by hand, and stays."""
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise FileError(f"{path} exists: remove it first, or choose another --output") from error
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from error
    print(f"wrote {path}", file=sys.stderr)  # noqa: T201
