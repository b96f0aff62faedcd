"""Write the dashboards' JSON: `python -m grafana [FOLDER]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from grafana.provisioning import write_dashboards

_FOLDER = Path(__file__).parent / "json"


def main() -> None:
    """Write the files and print their paths."""
    parser = ArgumentParser(
        prog="python -m grafana",
        description="Write Grafana's dashboards as JSON, for import into another Grafana.",
        epilog="Example: python -m grafana /tmp/dashboards",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=_FOLDER, metavar="FOLDER")
    for file in write_dashboards(parser.parse_args().folder):
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
