"""`python -m copilot replay`: evaluate a file of snapshots and print each cycle."""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from copilot.replay.evaluated import evaluate_again
from copilot.replay.limits_file import read_limits
from copilot.replay.report import Cycle, Summary
from copilot.replay.snapshot_file import read_snapshots


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="snapshots as JSON lines; - is stdin")
    parser.add_argument(
        "--thresholds",
        type=Path,
        metavar="FILE",
        help="YAML or JSON with other limits: print what differs with them, and a summary",
    )
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object for each cycle, one a line"
    )


def run(options: Namespace) -> int:
    """Raises FileError, after the cycles that could be evaluated were printed."""
    tried = read_limits(options.thresholds) if options.thresholds else None
    summary = Summary()
    cycles = map(Cycle.of, evaluate_again(read_snapshots(options.file), tried))
    try:
        for cycle in summary.counting(cycles):
            _print(cycle, as_json=options.json)
    finally:
        if tried:
            _print(summary, as_json=options.json)
        sys.stdout.flush()
    return 0


def _print(shown: Cycle | Summary, *, as_json: bool) -> None:
    text = json.dumps(shown.as_json(), ensure_ascii=False) if as_json else shown.as_text()
    print(text)  # noqa: T201
