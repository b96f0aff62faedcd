"""A passage of a document, as the prompt quotes it and a reading cites it."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, FiniteFloat, StringConstraints

from copilot.redact import plain
from copilot.signals.reading import Frozen

MAX_CHARACTERS = 1200
"""MAX_PASSAGES of them are about 1,500 tokens, a quarter of a prompt."""
MAX_PASSAGES = 5
MAX_NAME = 100
MAX_URI = 1100
"""A key of S3 has up to 1,024 bytes, its bucket 63."""
# The page makes a link of a citation: only to our documents; an object in S3 is shown as text.
_URI = r"^(/knowledge/[a-z-]{1,60}|s3://[^\n\r]*)?$"


def truncate(text: str) -> str:
    """`text` cut to MAX_CHARACTERS, between paragraphs, else lines, else words."""
    # Cut twice, because `plain` is slow on megabytes.
    text = plain(text[: 4 * MAX_CHARACTERS]).strip()
    if len(text) <= MAX_CHARACTERS:
        return text
    for gap in ("\n\n", "\n", " "):
        start = text[: MAX_CHARACTERS + 1].rpartition(gap)[0].rstrip()
        if len(start) > MAX_CHARACTERS // 2:
            return start
    return text[:MAX_CHARACTERS]


class Source(StrEnum):
    CORPUS = "corpus"  # the documents that come with the Copilot
    BEDROCK = "bedrock"


# Before pydantic's own validation, which refuses lone surrogates.
Name = Annotated[str, BeforeValidator(lambda text: " ".join(plain(text[:MAX_NAME]).split()))]


class Passage(Frozen):
    """A part of a document; validation shortens text and names, and removes invisible characters.

    `heading` is "" for text before the first heading. `uri` is `/knowledge/NAME` of the API for the
    corpus, `s3://BUCKET/KEY` for Bedrock, and "" for another kind of source. Scores of two sources
    are not comparable.
    """

    document: Name
    heading: Name
    text: Annotated[str, BeforeValidator(truncate)]
    source: Source
    uri: Annotated[str, StringConstraints(pattern=_URI, max_length=MAX_URI)] = ""
    score: FiniteFloat


class Retrieved(Frozen):
    """At most MAX_PASSAGES, best first.

    `note` says why the knowledge base was not used, and what to do; "" if it was, or if none is
    set.
    """

    passages: tuple[Passage, ...] = ()
    note: str = ""
