"""docs/signals.md is generated from the catalogue."""

from pathlib import Path

from copilot.signals.catalog import CATALOG
from copilot.signals.reference import as_markdown

WRITTEN = Path(__file__).parents[3] / "docs" / "signals.md"


def test_the_documentation_lists_every_signal() -> None:
    """`make generated` writes it."""
    assert WRITTEN.read_text(encoding="utf-8") == as_markdown()


def test_every_row_has_every_cell() -> None:
    rows = [line for line in as_markdown().splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) == len(CATALOG)
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
