"""The corpus in parts: what stands under one heading of a document is one chunk."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from copilot.knowledge.corpus import Document, documents
from copilot.knowledge.passage import MAX_CHARACTERS

# Where a person reads on, but nothing that explains.
LEFT_OUT = "Sources"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Chunk:
    """`text` is at most as long as a passage; a longer part has several chunks of one heading."""

    document: Document
    heading: str
    text: str


@cache
def chunks() -> tuple[Chunk, ...]:
    """All of the corpus but its sources, in the order of names and lines; made once."""
    return tuple(chunk for document in documents().values() for chunk in split(document))


def split(document: Document) -> Iterator[Chunk]:
    """The chunks of one document; what stands before its first heading goes by its title."""
    _, _, body = document.text.partition("\n")
    opening, *rest = _HEADING.split(body)
    for heading, text in ((document.title, opening), *zip(rest[::2], rest[1::2], strict=True)):
        if heading != LEFT_OUT:
            for piece in _pieces(text):
                yield Chunk(document, heading, piece)


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs put together while they fit."""
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
    """The first heading in a part of some Markdown, or nothing."""
    found = _HEADING.search(text)
    return found[1] if found else ""
