"""The corpus that comes with the Copilot: Markdown documents, and their chunks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from copilot.health.decision import RuleName
from copilot.knowledge.passage import MAX_CHARACTERS

FOLDER = Path(__file__).parent / "corpus"
# A list of links, which explains nothing.
LEFT_OUT = "Sources"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """`name` is its file's, without the suffix; `title` its first heading; `text` all of it."""

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Chunk:
    """The text under one heading; if it is longer than a passage, a part of it."""

    document: Document
    heading: str
    text: str


def document_name(rule: RuleName | str) -> str:
    """The document on a rule: each has one."""
    return rule.replace("_", "-")


@cache
def documents() -> dict[str, Document]:
    """All documents by name, read once."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.md"))}


def _read(path: Path) -> Document:
    text = path.read_text("utf-8")
    return Document(path.stem, text.partition("\n")[0].removeprefix("# "), text)


@cache
def chunks() -> tuple[Chunk, ...]:
    """The whole corpus without its sources, in the order of names and lines."""
    return tuple(chunk for document in documents().values() for chunk in _split(document))


def _split(document: Document) -> Iterator[Chunk]:
    """The chunks of one document; text before its first heading is under its title."""
    _, _, body = document.text.partition("\n")
    opening, *rest = _HEADING.split(body)
    for heading, text in ((document.title, opening), *zip(rest[::2], rest[1::2], strict=True)):
        if heading != LEFT_OUT:
            for piece in _pieces(text):
                yield Chunk(document, heading, piece)


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs, joined while they fit into a passage."""
    piece = ""
    for paragraph in text.strip().split("\n\n"):
        longer = f"{piece}\n\n{paragraph}" if piece else paragraph
        if piece and len(longer) > MAX_CHARACTERS:
            yield piece
            longer = paragraph
        piece = longer
    if piece:
        yield piece


def first_heading(text: str) -> str:
    """The first heading in some Markdown; "" if it has none."""
    found = _HEADING.search(text)
    return found[1] if found else ""
