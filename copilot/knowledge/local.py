"""Passages by local ranking: BM25 over the corpus, on this machine alone."""

import asyncio
import logging
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from copilot.health.decision import GateName
from copilot.knowledge.chunks import Chunk, chunks
from copilot.knowledge.corpus import document_name
from copilot.knowledge.passage import Passage, Source
from copilot.knowledge.retriever import MAX_PASSAGES, Found, Query
from copilot.knowledge.wording import wording

MIN_SCORE = 1.0
"""Below it a chunk shares a common word with the query, and no subject."""
# A gate's own document was written about it; others only mention its words.
PREFERENCE = 2.0
MAX_OF_ONE_DOCUMENT = 3
_WORD = re.compile(r"[a-z0-9]{2,}")
_PLURAL = re.compile(r"(?<=[a-z]{2}[^su])s$")
_DOCUMENTS_OF_GATES = {document_name(gate) for gate in GateName}


class Local:
    """The retriever that is always there."""

    async def passages(self, query: Query) -> Found:
        # In a thread: the first call imports numpy and builds the index, some 0.2 s.
        return Found(passages=await asyncio.to_thread(ranked, query))


@dataclass(frozen=True)
class Index:
    """`bm25` scores the chunks in their order; `stopwords` are left out of text and query."""

    bm25: Any
    stopwords: frozenset[str]


def ranked(query: Query) -> tuple[Passage, ...]:
    """The best passages, best first; the same for the same query, always."""
    index = _index()
    words = sorted(set(_words(wording(query), index.stopwords)))
    if not words:
        return ()
    own = {document_name(gate) for gate in query.gates}
    scored = [
        (PREFERENCE * score if chunk.document.name in own else score, chunk)
        for score, chunk in zip(index.bm25.get_scores(words).tolist(), chunks(), strict=True)
        if score >= MIN_SCORE and _is_about(chunk, own)
    ]
    scored.sort(key=lambda pair: -pair[0])
    return tuple(_passage(score, chunk) for score, chunk in _spread(scored, len(own)))


def _is_about(chunk: Chunk, own: set[str]) -> bool:
    """A document on a gate that passed blames what is well: it is used only when none fired."""
    name = chunk.document.name
    return not own or name in own or name not in _DOCUMENTS_OF_GATES


def _spread(scored: Sequence[tuple[float, Chunk]], gates: int) -> list[tuple[float, Chunk]]:
    """The best, with so few of each document that every gate's own has a place."""
    most = min(MAX_OF_ONE_DOCUMENT, math.ceil(MAX_PASSAGES / max(gates, 1)))
    taken = Counter[str]()
    chosen = []
    for score, chunk in scored:
        taken[chunk.document.name] += 1
        if taken[chunk.document.name] <= most:
            chosen.append((score, chunk))
    return chosen[:MAX_PASSAGES]


def _passage(score: float, chunk: Chunk) -> Passage:
    return Passage(
        document=chunk.document.name,
        heading=chunk.heading,
        text=chunk.text,
        source=Source.CORPUS,
        uri=f"/knowledge/{chunk.document.name}",
        score=round(score, 3),
    )


@cache
def _index() -> Index:
    """Built once. With the import it takes 12 to 25 MB, so whoever never asks goes without."""
    import bm25s  # type: ignore[import-untyped]  # noqa: PLC0415
    from bm25s.stopwords import STOPWORDS_EN  # type: ignore[import-untyped]  # noqa: PLC0415

    # It sets itself to DEBUG, and would write its steps into the worker's log.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    stopwords = frozenset(STOPWORDS_EN)
    bm25 = bm25s.BM25(backend="numpy")
    # A document's title says what all its parts are about.
    texts = [f"{c.document.title} {c.heading} {c.text}" for c in chunks()]
    bm25.index([_words(text, stopwords) for text in texts], show_progress=False)
    return Index(bm25, stopwords)


def _words(text: str, stopwords: frozenset[str]) -> list[str]:
    """Words and parts of names (`task_latency_queue` has three), singular and plural alike."""
    words = _WORD.findall(text.lower())
    return [_PLURAL.sub("", word) for word in words if word not in stopwords]
