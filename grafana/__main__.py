"""Write the dashboards' JSON: `python -m grafana [FOLDER]`."""

import sys
from pathlib import Path

from grafana.dashboards import write

_FOLDER = Path(__file__).parent / "json"


def main(arguments: list[str]) -> None:
    """Write into the folder that is named, else into grafana/json."""
    for file in write(Path(arguments[0]) if arguments else _FOLDER):
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
