"""Write the dashboards' JSON: `python -m grafana [FOLDER]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from grafana.dashboards import write

_FOLDER = Path(__file__).parent / "json"


def main() -> None:
    """Write into the folder that is named, else into grafana/json."""
    parser = ArgumentParser(
        prog="python -m grafana",
        description="Write Grafana's dashboards as JSON, to be imported elsewhere.",
        epilog="Example: python -m grafana /tmp/dashboards",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=_FOLDER, metavar="FOLDER")
    for file in write(parser.parse_args().folder):
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
