"""A passage of what is known, as an explanation quotes and cites it."""

import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, FiniteFloat, StringConstraints

from copilot.signals.snapshot import Frozen

MAX_CHARACTERS = 1200
"""Five of them are some 1,500 tokens: a quarter of what a prompt may have."""
MAX_NAME = 100
MAX_URI = 1100
"""A key of S3 has up to 1,024 bytes, its bucket 63."""
# A citation is a link on the page: only to a document of ours, or a place in S3 to look up.
_URI = r"^(/knowledge/[a-z-]{1,60}|s3://[^\n\r]*)?$"


def plain(text: str) -> str:
    """`text` without what cannot be seen: control and format characters, lone surrogates.

    Line breaks and tabs stay. What hides from a person must not reach a model either.
    """
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character)[0] != "C"
    )


def bounded(text: str) -> str:
    """As much of `text` as a passage holds, cut between paragraphs, else lines, else words."""
    # Cut twice: the first time so that megabytes are not looked at one by one.
    text = plain(text[: 4 * MAX_CHARACTERS]).strip()
    if len(text) <= MAX_CHARACTERS:
        return text
    for gap in ("\n\n", "\n", " "):
        kept = text[: MAX_CHARACTERS + 1].rpartition(gap)[0].rstrip()
        if len(kept) > MAX_CHARACTERS // 2:
            return kept
    return text[:MAX_CHARACTERS]


class Source(StrEnum):
    CORPUS = "corpus"  # the documents that come with the Copilot
    BEDROCK = "bedrock"


# Before pydantic's own check, which refuses lone surrogates.
Name = Annotated[str, BeforeValidator(lambda text: " ".join(plain(text[:MAX_NAME]).split()))]


class Passage(Frozen):
    """One part of a document; text and names are made plain and short, whatever comes.

    `heading` is empty where the part begins under none. `uri` is `/knowledge/NAME` of the API for
    the corpus, `s3://BUCKET/KEY` for Bedrock, and empty where Bedrock names another kind of place.
    `score` orders the passages of one answer; those of two sources do not compare.
    """

    document: Name
    heading: Name
    text: Annotated[str, BeforeValidator(bounded)]
    source: Source
    uri: Annotated[str, StringConstraints(pattern=_URI, max_length=MAX_URI)] = ""
    score: FiniteFloat
