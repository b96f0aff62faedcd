"""Write the dashboards' JSON: `python -m grafana [FOLDER]`."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

from grafana.dashboard import Source
from grafana.provisioning import Target, write_dashboards

_FOLDER = Path(__file__).parent / "json"


def main() -> None:
    """Write the files and print their paths."""
    parser = ArgumentParser(
        prog="python -m grafana",
        description="Write Grafana's dashboards as JSON, for import into another Grafana.",
        epilog="Example: python -m grafana /tmp/json --cluster prod --uid loki=P8E80F9A",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=_FOLDER, metavar="FOLDER")
    parser.add_argument(
        "--cluster", help="value of the label `cluster` to show first (default: monitored)"
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
    target = Target(cluster=options.cluster, uids=dict(options.uid))
    for file in write_dashboards(options.folder, target):
        sys.stdout.write(f"{file}\n")


def _uid(text: str) -> tuple[Source, str]:
    source, _, uid = text.partition("=")
    if source not in set(Source) or not uid:
        raise ArgumentTypeError(f"should be SOURCE=UID, with SOURCE one of {', '.join(Source)}")
    return Source(source), uid


if __name__ == "__main__":
    main()
