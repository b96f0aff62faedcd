"""Write the dashboards' JSON: `python -m grafana [FOLDER]`."""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

from copilot.errors import CopilotError
from copilot.process import one_line
from grafana.dashboard import Source
from grafana.existing import existing_clusters
from grafana.provisioning import Target, write_dashboards
from grafana.shown import SELECTED

_FOLDER = Path(__file__).parent / "json"


def main() -> None:
    """Write the files and print their paths."""
    parser = ArgumentParser(
        prog="python -m grafana",
        description="Write Grafana's dashboards as JSON, for import into another Grafana.",
        epilog="Example: python -m grafana /tmp/json --cluster prod --uid loki=P8E80F9A",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=_FOLDER, metavar="FOLDER")
    cluster = parser.add_mutually_exclusive_group()
    cluster.add_argument(
        "--cluster", help="value of the label `cluster` to show first (default: monitored)"
    )
    cluster.add_argument(
        "--cluster-file",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="cluster files: write a set of dashboards for each, with its labels and the metric"
        " names that its metrics store has",
    )
    parser.add_argument(
        "--uid",
        type=_uid,
        action="append",
        default=[],
        metavar="SOURCE=UID",
        help="uid of your data source instead of SOURCE, which is one of"
        f" {', '.join(Source)}; may be given several times",
    )
    options = parser.parse_args()
    try:
        # All are read before the first file is written.
        clusters = asyncio.run(existing_clusters(options.cluster_file)) or [SELECTED]
        for shown in clusters:
            target = Target(options.cluster, dict(options.uid), shown)
            for file in write_dashboards(options.folder, target):
                sys.stdout.write(f"{file}\n")
    except CopilotError as error:
        parser.exit(error.exit_code, f"error: {one_line(str(error))}\n")


def _uid(text: str) -> tuple[Source, str]:
    source, _, uid = text.partition("=")
    if source not in set(Source) or not uid:
        raise ArgumentTypeError(f"should be SOURCE=UID, with SOURCE one of {', '.join(Source)}")
    return Source(source), uid


if __name__ == "__main__":
    main()
