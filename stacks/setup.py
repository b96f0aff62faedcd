"""Prepare this checkout for Pulumi: what `make setup` runs once the packages are installed."""

import sys
from pathlib import Path

from stacks.registry import STACKS
from stacks.workspace.prepare import PULUMI_MISSING, prepare


def main() -> int:
    """Exit code 2 where the passphrase or the stacks cannot be created."""
    problem = prepare(Path(__file__).parents[1], STACKS)
    if problem:
        print(f"setup: {problem}", file=sys.stderr)  # noqa: T201
    return 2 if problem and problem != PULUMI_MISSING else 0


if __name__ == "__main__":
    sys.exit(main())
