"""The corpus that comes with the Copilot: Markdown, written for this project."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from copilot.health.decision import GateName

FOLDER = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Document:
    """`name` is its file's, without the ending; `title` its first heading; `text` all of it."""

    name: str
    title: str
    text: str


def document_name(gate: GateName | str) -> str:
    """The document on a gate: each has one."""
    return gate.replace("_", "-")


@cache
def documents() -> dict[str, Document]:
    """All documents by name, read once."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.md"))}


def _read(path: Path) -> Document:
    text = path.read_text("utf-8")
    return Document(path.stem, text.partition("\n")[0].removeprefix("# "), text)
