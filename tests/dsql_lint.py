"""dsql-lint: which SQL Aurora DSQL does not have, by AWS's own linter."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_LINTER = Path(sys.executable).parent / "dsql-lint"


def problems(files: Iterable[Path]) -> list[str]:
    """What the linter says of each statement of SQL files, with the file's name."""
    every = list(files)
    done = subprocess.run(
        [_LINTER, "--format", "json", *every],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    report = json.loads(done.stdout)["files"]
    assert len(report) == len(every) > 0
    found = [
        f"{path.name}: {problem['statement_preview']}: {problem['message']}"
        for path, file in zip(every, report, strict=True)
        for problem in file["diagnostics"]
    ]
    assert done.returncode == bool(found)
    return found


def problems_of(statements: Iterable[str], folder: Path) -> list[str]:
    """The same for statements, written into a file in `folder`."""
    path = folder / "statements.sql"
    path.write_text("".join(f"{statement};\n" for statement in statements), encoding="utf-8")
    return problems([path])
